"""What docs/INSTALL.md is followed in: an account of moto's, a cluster, a Git host, as far as its commands touch them.

The AWS CLI, Git, PostgreSQL, Valkey and all processes of the hub are real. `kubectl`, `gh`, `docker`, `make`, `curl` and `psql`
are stand-ins that know the commands of the page and refuse any other.
"""
