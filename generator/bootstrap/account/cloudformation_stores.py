"""Databases and caches as CloudFormation has them; see `generator.bootstrap.account.cloudformation`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from generator.bootstrap.account import objects as o

Tree = dict[str, Any]
STORES: Mapping[tuple[type[o.Base], str], str] = {
    (o.Subnets, "database"): "AWS::RDS::DBSubnetGroup",
    (o.Subnets, "cache"): "AWS::ElastiCache::SubnetGroup",
    (o.Parameters, "database"): "AWS::RDS::DBParameterGroup",
    (o.Parameters, "cache"): "AWS::ElastiCache::ParameterGroup",
}


def store_properties(one: o.Object, value: Callable[[o.Value], Any]) -> Tree:
    """Properties of an object that state is kept in; `value` writes what another object gives."""
    match one:
        case o.Subnets(of="database"):
            return {
                "DBSubnetGroupName": one.group_name,
                "DBSubnetGroupDescription": one.description,
                "SubnetIds": list(one.subnets),
            }
        case o.Subnets():
            return {
                "CacheSubnetGroupName": one.group_name,
                "Description": one.description,
                "SubnetIds": list(one.subnets),
            }
        case o.Parameters(of="database"):
            return {
                "DBParameterGroupName": one.group_name,
                "Description": one.description,
                "Family": one.family,
                "Parameters": dict(one.settings),
            }
        case o.Parameters():
            return {
                "CacheParameterGroupFamily": one.family,
                "Description": one.description,
                "Properties": dict(one.settings),
            }
        case o.Database():
            return _database(one, value)
        case o.CacheUser():
            return {
                "UserId": one.user_id,
                "UserName": one.user_name,
                "Engine": "valkey",
                "AccessString": one.access,
                "AuthenticationMode": {"Type": "password", "Passwords": [_resolved(one)]},
            }
        case o.CacheUsers():
            return {"UserGroupId": one.group_id, "Engine": "valkey", "UserIds": [{"Ref": user} for user in one.users]}
        case o.Cache():
            return _cache(one, value)
        case _:
            raise TypeError(f"{type(one).__name__} has no place in a template")


def _resolved(user: o.CacheUser) -> str:
    return f"{{{{resolve:secretsmanager:{user.secret_name}:SecretString}}}}"


def _database(one: o.Database, value: Callable[[o.Value], Any]) -> Tree:
    return {
        "DBInstanceIdentifier": one.identifier,
        "DBName": one.database,
        "Engine": "postgres",
        "EngineVersion": one.version,
        "AutoMinorVersionUpgrade": True,
        "DBInstanceClass": one.instance_class,
        "AllocatedStorage": str(one.gib),
        "MaxAllocatedStorage": one.gib * 4,
        "StorageType": "gp3",
        "StorageEncrypted": True,
        "MultiAZ": one.zones > 1,
        "PubliclyAccessible": False,
        "DBSubnetGroupName": value(one.subnets),
        "VPCSecurityGroups": [value(one.group)],
        "DBParameterGroupName": value(one.parameters),
        "MasterUsername": "rtb_hub_admin",
        "ManageMasterUserPassword": True,
        "EnableIAMDatabaseAuthentication": True,
        "BackupRetentionPeriod": one.backup_days,
        "CopyTagsToSnapshot": True,
        "DeleteAutomatedBackups": False,
        "DeletionProtection": True,
        "EnableCloudwatchLogsExports": ["postgresql", "upgrade"],
        "EnablePerformanceInsights": True,
    }


def _cache(one: o.Cache, value: Callable[[o.Value], Any]) -> Tree:
    return {
        "ReplicationGroupId": one.identifier,
        "ReplicationGroupDescription": one.description,
        "Engine": "valkey",
        "EngineVersion": one.version,
        "AutoMinorVersionUpgrade": True,
        "CacheNodeType": one.node_class,
        "ClusterMode": "disabled",
        "NumCacheClusters": 2,
        "AutomaticFailoverEnabled": True,
        "MultiAZEnabled": True,
        "CacheParameterGroupName": value(o.Made(one.parameters, "id")),
        "CacheSubnetGroupName": value(one.subnets),
        "SecurityGroupIds": [value(one.group)],
        "TransitEncryptionEnabled": True,
        "TransitEncryptionMode": "required",
        "AtRestEncryptionEnabled": True,
        "UserGroupIds": [value(o.Made(one.users, "id"))],
        "SnapshotRetentionLimit": 1,
    }
