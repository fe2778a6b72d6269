"""`make deploy`: builds and deploys the stack (docs/deployment.md).

The architecture is chosen twice: when the layers are built, and by a parameter that CloudFormation keeps. A plain
`sam build && sam deploy` can put layers of one architecture under functions of the other, and then the whole API is
down. So this command reads the stack's architecture first, builds for it, and checks what was built. It also reads
Lambda's quota and API Gateway's role for logs, because a deployment that does not know them fails or is slow. And it
repeats the parameters of the section in samconfig.toml, which `--parameter-overrides` alone would drop.
"""
