// Greets whoever the path names. It speaks the Runtime API by itself; most projects
// leave that to the package Amazon.Lambda.RuntimeSupport.
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

const string Word = "Hello";

var host = Environment.GetEnvironmentVariable("AWS_LAMBDA_RUNTIME_API");
var api = $"http://{host}/2018-06-01/runtime/invocation/";
using var client = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };

while (true)
{
    using var next = await client.GetAsync(api + "next");
    var id = next.Headers.GetValues("Lambda-Runtime-Aws-Request-Id").Single();
    var given = JsonNode.Parse(await next.Content.ReadAsStringAsync());
    var name = (string?)given?["pathParameters"]?["name"];

    var kind = name == "nobody" ? "error" : "response";
    object answer = name == "nobody"
        ? new { errorType = "Error", errorMessage = "nobody is here" }
        : new { statusCode = 200, body = $"{Word}, {name}, from DotNet" };

    var text = JsonSerializer.Serialize(answer);
    using var body = new StringContent(text, Encoding.UTF8, "application/json");
    using var done = await client.PostAsync($"{api}{id}/{kind}", body);
    done.EnsureSuccessStatusCode();
}
