# frozen_string_literal: true

# Greets whoever the path names.
module Greeting
  WORD = 'Hello'

  def self.greet(event:, context:)
    name = event['pathParameters']['name']
    raise ArgumentError, 'nobody is here' if name == 'nobody'

    { statusCode: 200, body: "#{WORD}, #{name}, from Ruby" }
  end
end
