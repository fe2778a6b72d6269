"""The whole system on one machine, without Docker and without an AWS account: `make run`.

How the parts fit:

    client ──HTTP──> api_gateway ──event──> lambda_service ──Runtime API──> N function processes
                          │                       ↑                               │ AWS calls, under
                 authorizer, events,              │ Invoke API                    ↓ each function's role
                 routing, gateway_responses       └──────────────────── MiniStack (emulator_process)

Process 1 is this package: asyncio, one thread. It is the API Gateway (`api_gateway`) and the Lambda service, on one
server (`http_server`) that listens on a port for the API, one for the Invoke API and one per environment.
Process 2 is MiniStack, a local AWS in Python. Its authorisation is on, and its Lambda executor is replaced by calls to
process 1. Each function environment is a separate process under AWS's Lambda runtime client.

All configuration is read from template.yaml.

- `__main__`      what `make run` starts; turns a StackError into one line and an exit code
- `settings`      the operator's environment variables
- `catalogue`     the variables that the model catalogue reads
- `template`      renders template.yaml with AWS's own SAM translator; `template_cache` keeps the result
- `intrinsics`    Ref, Fn::Sub and so on
- `rest_api`      routes, authorizers and gateway responses of the rendered template
- `deployment`    deploys the rest of the template to the local AWS through CloudFormation
- `functions`     what each function runs with: folder, layers, variables, limits, role
- `environments`  an execution environment: one process of one function
- `lambda_service`  pools of environments, and the queued calls; `payloads` what they carry
- `lambda_apis`   Invoke API and Runtime API over HTTP
- `api_gateway`   HTTP to proxy event and back; API Gateway's limits
- `routing`, `events`, `authorizer`, `gateway_responses`  parts of the API Gateway
- `forwarding`, `preludes`  streamed responses in the API Gateway; `response_streams` in the Lambda service
- `schedules`     calls functions as EventBridge's rules do
- `layers`        layers as Lambda mounts them
- `aws`           clients of the local AWS, and the credentials of the functions' roles
- `emulator`, `emulator_process`, `emulator_conditions`, `emulator_speed`  MiniStack from outside and from inside
- `seed`          the first API key and admin key
- `stack`         starts and stops everything in order
- `stack_file`    tells other programs where the running stack is
- `banner`        what the operator reads when the stack is ready
- `console`       prints the functions' logs and all other messages
- `log_lines`     formats the functions' JSON lines for people
"""
