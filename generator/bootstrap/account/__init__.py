"""What the hub needs in AWS accounts: objects and policies once, written as CloudFormation and as Terraform."""
