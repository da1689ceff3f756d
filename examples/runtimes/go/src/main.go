// Greets whoever the path names. It speaks the Runtime API by itself; most projects
// leave that to github.com/aws/aws-lambda-go.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
)

const word = "Hello"

type event struct {
	PathParameters map[string]string `json:"pathParameters"`
}

type response struct {
	StatusCode int    `json:"statusCode"`
	Body       string `json:"body"`
}

type failure struct {
	ErrorType    string `json:"errorType"`
	ErrorMessage string `json:"errorMessage"`
}

func greet(given event) (response, error) {
	name := given.PathParameters["name"]
	if name == "nobody" {
		return response{}, fmt.Errorf("nobody is here")
	}
	return response{200, fmt.Sprintf("%s, %s, from Go", word, name)}, nil
}

func serveOne(api string) error {
	next, err := http.Get(api + "next")
	if err != nil {
		return err
	}
	defer next.Body.Close()
	var given event
	if err := json.NewDecoder(next.Body).Decode(&given); err != nil {
		return err
	}
	kind, answer := "/response", any(nil)
	if made, err := greet(given); err != nil {
		kind, answer = "/error", failure{"Error", err.Error()}
	} else {
		answer = made
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
	done, err := http.Post(api+id+kind, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	return done.Body.Close()
}

func main() {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		if err := serveOne(api); err != nil {
			log.Fatal(err)
		}
	}
}
