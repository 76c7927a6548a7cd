"""What the hub's services keep their state in: PostgreSQL, and Valkey where others put jobs into BullMQ's queues."""

from __future__ import annotations

from generator.bootstrap.account.objects import (
    Alarm,
    Cache,
    CacheUser,
    CacheUsers,
    Database,
    Made,
    Object,
    Output,
    Parameters,
    Rule,
    Secret,
    SecurityGroup,
    Subnets,
    Topic,
)
from generator.bootstrap.account.place import aws_of
from generator.bootstrap.hub_services import DATABASE_PORT
from generator.model.environment import Environment
from generator.model.hosting import HubServices

POSTGRES, VALKEY = "17", "8.0"
REDIS_PORT = 6379
#: Redis' ACL of each who signs in. KEDA's is that of INSTALL; AWS wants a `default`, which may nothing.
USERS = {
    "default": "off -@all",
    "listener": "on ~bull:* +@all -@dangerous +info",
    "worker": "on ~bull:* +@all -@dangerous +info",
    "scaler": "on ~bull:* -@all +ping +hello +eval +type +llen +zcard",
}
_GIB = 1024**3


def store_objects(home: Environment, hub: HubServices) -> tuple[list[Object], tuple[Output, ...]]:
    """Objects, and what is read off them. Nodes of the hub's cluster reach them; NetworkPolicies say which pods."""
    aws = aws_of(home)
    objects: list[Object] = [
        _group("DatabaseGroup", "rtb-hub-database", DATABASE_PORT, home),
        Subnets("DatabaseSubnets", "rtb-hub", "Database of the hub", tuple(aws.pod_subnets), "database"),
        Parameters(
            "DatabaseParameters",
            "rtb-hub-postgres17",
            "TLS only",
            "postgres17",
            "database",
            {"rds.force_ssl": "1", "log_min_duration_statement": "1000"},
        ),
        Database(
            "Database",
            "rtb-hub",
            "rtb_hub",
            POSTGRES,
            aws.stores.database_class,
            aws.stores.database_gib,
            aws.stores.database_zones,
            Made("DatabaseSubnets", "id"),
            Made("DatabaseGroup", "id"),
            Made("DatabaseParameters", "id"),
        ),
    ]
    outputs = [Output("DatabaseAddress", Made("Database", "address"), "the URLs in the secret `database`")]
    if hub.redis is not None:
        objects += _cache(home, hub.secrets)
        outputs.append(Output("RedisAddress", Made("Cache", "address"), "hub.redis, with :6379"))
    if aws.notify:
        objects += _alarms(home, has_cache=hub.redis is not None)
    return objects, tuple(outputs)


def _group(name: str, group: str, port: int, home: Environment) -> SecurityGroup:
    """A group that the nodes reach at one port. Nothing goes out of it but to itself: it answers, and asks nobody."""
    spec = home.spec
    peers = spec.cluster.node_security_groups or [spec.cluster.security_group]
    into = tuple(Rule("tcp", port, port, "nodes of the hub", group=peer) for peer in peers)
    out = (Rule("tcp", port, port, "nowhere: in the place of a rule that lets all out", network="127.0.0.1/32"),)
    return SecurityGroup(name, group, "Reached from nodes of the hub alone", aws_of(home).vpc, into, out)


def _cache(home: Environment, secrets: str) -> list[Object]:
    aws = aws_of(home)
    users = [f"CacheUser{user.capitalize()}" for user in USERS]
    made: list[Object] = []
    for name, (user, access) in zip(users, USERS.items(), strict=True):
        secret = f"{secrets}redis-password-{user}"
        made.append(Secret(f"{name}Secret", secret, f"Password of {user} in Valkey of the hub", random=True))
        made.append(CacheUser(name, f"rtb-hub-{user}", user, access, f"{name}Secret", secret))
    return [
        _group("CacheGroup", "rtb-hub-redis", REDIS_PORT, home),
        Subnets("CacheSubnets", "rtb-hub", "Valkey of the hub", tuple(aws.pod_subnets), "cache"),
        Parameters(
            "CacheParameters",
            "rtb-hub-valkey8",
            "BullMQ: nothing is evicted",
            "valkey8",
            "cache",
            {"maxmemory-policy": "noeviction"},
        ),
        *made,
        CacheUsers("CacheUsers", "rtb-hub", tuple(users)),
        Cache(
            "Cache",
            "rtb-hub",
            "Wake-ups of jobs of RTB AI Hub",
            VALKEY,
            "CacheParameters",
            aws.stores.cache_class,
            Made("CacheSubnets", "id"),
            Made("CacheGroup", "id"),
            "CacheUsers",
        ),
    ]


def _alarms(home: Environment, *, has_cache: bool) -> list[Object]:
    topic = Made("Alarms", "arn")
    instance = {"DBInstanceIdentifier": "rtb-hub"}
    made: list[Object] = [
        Topic("Alarms", "rtb-hub-alarms", tuple(aws_of(home).notify)),
        Alarm(
            "DatabaseDisk",
            "rtb-hub-database-disk",
            "Less than 2 GiB of disk are left: the database stops when none is",
            "AWS/RDS",
            "FreeStorageSpace",
            instance,
            below=True,
            threshold=2 * _GIB,
            minutes=15,
            topic=topic,
        ),
        Alarm(
            "DatabaseMemory",
            "rtb-hub-database-memory",
            "Less than 128 MiB of the database's memory are free: it swaps, and is restarted when none is",
            "AWS/RDS",
            "FreeableMemory",
            instance,
            below=True,
            threshold=128 * 1024**2,
            minutes=15,
            topic=topic,
        ),
        Alarm(
            "DatabaseCpu",
            "rtb-hub-database-cpu",
            "The database has worked at more than 90 percent for half an hour",
            "AWS/RDS",
            "CPUUtilization",
            instance,
            below=False,
            threshold=90,
            minutes=30,
            topic=topic,
        ),
    ]
    if has_cache:
        made.append(
            Alarm(
                "CacheMemory",
                "rtb-hub-redis-memory",
                "More than 80 percent of Valkey's memory is used: it evicts nothing, and refuses writes when full",
                "AWS/ElastiCache",
                "DatabaseMemoryUsagePercentage",
                {"CacheClusterId": "rtb-hub-001"},
                below=False,
                threshold=80,
                minutes=15,
                topic=topic,
            )
        )
    return made
