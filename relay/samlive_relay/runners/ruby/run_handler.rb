# frozen_string_literal: true

# Runs one Ruby function: takes invocations from the Runtime API and posts its answers.
#
#     ruby run_handler.rb     (variables: _HANDLER, LAMBDA_TASK_ROOT, AWS_LAMBDA_RUNTIME_API)
#
# It stands in where AWS's own runtime interface client (the gem aws_lambda_ric) is
# not installed; the standard library only. Every file that Ruby loads is noted with its
# stamp before it is read, and reported, so that a save is noticed exactly.
#
# Handler strings: "file.method" and "file.Module::Class.method".
# https://docs.aws.amazon.com/lambda/latest/dg/ruby-handler.html
module Samlive
  # Files that were loaded, with what identified them before they were read.
  module Loaded
    @fresh = []

    def self.note(path)
      stat = File.stat(path)
      time = stat.mtime
      nanoseconds = time.to_i * 1_000_000_000 + time.nsec
      @fresh << [path, nanoseconds.to_s, stat.size.to_s, stat.ino.to_s, digest(path, time)]
    rescue SystemCallError
      nil
    end

    # A file saved a moment ago may be saved again within the tick of its clock.
    def self.digest(path, time)
      return '' if Time.now - time > 0.05

      require 'digest'
      Digest::SHA256.file(path).hexdigest
    end

    def self.take
      taken, @fresh = @fresh, []
      taken.reject { |entry| entry[0].include?('/gems/') || entry[0].start_with?(RUBY) }
    end

    RUBY = RbConfig::CONFIG['rubylibdir']
  end
end

class << RubyVM::InstructionSequence
  def load_iseq(path)
    Samlive::Loaded.note(path)
    nil # Ruby compiles it itself
  end
end

require 'json'
require 'socket'

module Samlive
  # The Runtime API on one connection that stays open.
  class Api
    def initialize(address)
      @host, _, token = address.partition('/')
      @token = token.empty? ? '' : "/#{token}"
    end

    def next_invocation
      send_request('GET', '/2018-06-01/runtime/invocation/next')
    end

    def post(path, value)
      send_request('POST', "/2018-06-01/runtime/#{path}", value)
    end

    def loaded(files)
      send_request('POST', '/samlive/loaded', JSON.generate(files)) unless files.empty?
    end

    private

    def socket
      return @socket if @socket

      host, _, port = @host.rpartition(':')
      @socket = TCPSocket.new(host, port.to_i)
      @socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
      @socket
    end

    def send_request(method, path, body = nil)
      head = +"#{method} #{@token}#{path} HTTP/1.1\r\nHost: #{@host}\r\n"
      head << "Content-Type: application/json\r\nContent-Length: #{body.bytesize}\r\n" if body
      socket.write(head << "\r\n", *body)
      raise EOFError unless socket.gets

      headers = {}
      while (line = socket.gets) && line != "\r\n"
        name, _, value = line.partition(':')
        headers[name.downcase] = value.strip
      end
      [headers, socket.read(headers['content-length'].to_i).force_encoding('UTF-8')]
    end
  end

  # The second argument of a handler.
  class Context
    attr_reader :aws_request_id, :client_context, :deadline_ms, :function_name, :function_version,
                :identity, :invoked_function_arn, :log_group_name, :log_stream_name,
                :memory_limit_in_mb, :tenant_id

    def initialize(headers)
      @aws_request_id = headers['lambda-runtime-aws-request-id']
      @deadline_ms = headers['lambda-runtime-deadline-ms'].to_i
      @invoked_function_arn = headers['lambda-runtime-invoked-function-arn']
      @tenant_id = headers['lambda-runtime-aws-tenant-id']
      @identity = parsed(headers['lambda-runtime-cognito-identity'])
      @client_context = parsed(headers['lambda-runtime-client-context'])
      @function_name = ENV['AWS_LAMBDA_FUNCTION_NAME']
      @function_version = ENV['AWS_LAMBDA_FUNCTION_VERSION']
      @log_group_name = ENV['AWS_LAMBDA_LOG_GROUP_NAME']
      @log_stream_name = ENV['AWS_LAMBDA_LOG_STREAM_NAME']
      @memory_limit_in_mb = ENV['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']
    end

    def get_remaining_time_in_millis
      [@deadline_ms - Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond), 0].max
    end

    private

    def parsed(text)
      JSON.parse(text) if text
    end
  end

  # What is answered for an exception.
  module Fault
    def self.json(problem, stage)
      trace = (problem.backtrace || []).take_while { |line| !line.start_with?(__FILE__) }
      JSON.generate(
        errorMessage: problem.message.dup.force_encoding('UTF-8').scrub,
        errorType: "#{stage}<#{problem.class}>",
        stackTrace: trace.first(100)
      )
    end
  end

  # Which method is meant by a handler string.
  class Handler
    def initialize(text)
      file, *names = text.split('.')
      unless names.length.between?(1, 2)
        raise ArgumentError, "Invalid handler #{text}, must be of form FILENAME.METHOD or " \
                             'FILENAME.CLASS.METHOD where FILENAME corresponds with an existing ' \
                             'Ruby source file FILENAME.rb'
      end
      @method = names.pop
      require File.expand_path(file, ENV['LAMBDA_TASK_ROOT'])
      @receiver = names.empty? ? TOPLEVEL_BINDING.receiver : Object.const_get(names[0])
    end

    # A file that was read in the middle of a save may lack the method: better known now
    # than when a call is spent on it.
    def missing
      return if @receiver.respond_to?(@method, true)

      NoMethodError.new("undefined method `#{@method}' for #{@receiver.inspect}")
    end

    def call(event, context)
      @receiver.send(@method, event: event, context: context)
    end
  end

  def self.load_handler(api)
    $LOAD_PATH.unshift(ENV['LAMBDA_TASK_ROOT'])
    if File.exist?('Gemfile')
      ENV['BUNDLE_GEMFILE'] = File.expand_path('Gemfile')
      Loaded.note(ENV['BUNDLE_GEMFILE'])
      require 'bundler/setup'
    end
    handler = Handler.new(ENV['_HANDLER'])
    missing = handler.missing
    give_up(api, missing, 'Function') if missing
    handler
  rescue Exception => e # a syntax error and a missing gem are no StandardError
    give_up(api, e, 'Init')
  end

  def self.give_up(api, problem, stage)
    warn problem.full_message(highlight: false)
    api.loaded(Loaded.take)
    api.post('init/error', Fault.json(problem, stage))
    exit!(1)
  end

  def self.answer(handler, body, context)
    value = handler.call(JSON.parse(body), context)
    ['response', JSON.generate(value), false]
  rescue Exception => e # SystemExit too: Lambda answers it as an error
    warn e.full_message(highlight: false)
    # As in Lambda, what looks like broken code ends the environment.
    ['error', Fault.json(e, 'Function'), e.is_a?(NameError) || !e.is_a?(StandardError)]
  end

  def self.run
    $stdout.sync = $stderr.sync = true
    api = Api.new(ENV['AWS_LAMBDA_RUNTIME_API'])
    handler = load_handler(api)
    loop do
      api.loaded(Loaded.take)
      headers, body = api.next_invocation
      context = Context.new(headers)
      trace = headers['lambda-runtime-trace-id']
      ENV['_X_AMZN_TRACE_ID'] = trace
      name, text, ends = answer(handler, body, context)
      api.loaded(Loaded.take)
      api.post("invocation/#{context.aws_request_id}/#{name}", text)
      exit!(1) if ends
    end
  rescue EOFError, SystemCallError
    exit!(0) # the relay has hung up
  end
end

Samlive.run
