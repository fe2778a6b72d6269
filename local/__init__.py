"""The whole system on one machine, without Docker and without an AWS account: `make run`.

How the parts fit:

    client ──HTTP──> front ──event──> lambda_service ──Runtime API──> N function processes
                       │                    ↑                              │ AWS calls, under
              authorizer, events,           │ Invoke API                   ↓ each one's own role
              routing, gateway_responses    └────────────────── MiniStack (emulator_process)

Process 1 is this package: asyncio, one thread. It is the API Gateway (`front`) and the Lambda service, on one
server (`http_server`) that listens on a port for the API, one for the Invoke API and one per environment.
Process 2 is MiniStack, a local AWS in Python, with authorisation on and its Lambda executor replaced by calls to
process 1. The functions run in processes of their own under AWS's Lambda runtime client.

Nothing is written twice: everything comes from template.yaml.

- `__main__`      what `make run` starts; turns a StackError into one line and an exit code
- `settings`      the operator's environment variables
- `catalogue`     which variables the model catalogue wants to read
- `template`      template.yaml through AWS's own SAM translator; `template_cache` keeps the result
- `intrinsics`    Ref, Fn::Sub and so on
- `rest_api`      routes, authorizers and gateway responses out of the rendered template
- `deployment`    the rest of the template into the local AWS through CloudFormation
- `functions`     what each function runs with: folder, layers, variables, limits, role
- `environments`  one process of one function, and what it is told
- `lambda_service`  the functions' environments, and the calls that wait for them
- `lambda_apis`   Invoke API and Runtime API over HTTP
- `front`         HTTP in, proxy event out, and back; API Gateway's limits
- `routing`, `events`, `authorizer`, `gateway_responses`  the pieces of the front
- `aws`           clients of the local AWS, and the credentials of the functions' roles
- `emulator`, `emulator_process`  MiniStack from outside and from inside
- `seed`          the first API key and admin key
- `stack`         starts and stops all of it in the right order
- `stack_file`    where the running stack is found
- `console`       the functions' logs, and everything else that is printed
- `log_lines`     the functions' lines of JSON as people read them
"""
