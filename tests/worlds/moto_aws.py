"""AWS as moto has it, in this process, on loopback: ECR, STS and SQS.

moto has no `GetDownloadUrlForLayer`; here it leads to a server beside it. Its `imageDigest` is not that of a manifest
unless it is told. Every account is its own: a role of one is assumed as in AWS.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from unittest import mock

import boto3
from moto.ecr.responses import ECRResponse
from moto.server import ThreadedMotoServer

from worlds.http_server import HttpServer, answers
from worlds.registry import Image, digest_of

ACCOUNT, REGION, ROLE = "222222222222", "eu-west-1", "arn:aws:iam::222222222222:role/rtb-hub-images"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}


class Aws:
    """moto's services at `url`, and what the tests put there."""

    def __init__(self, url: str, blobs: HttpServer) -> None:
        self.url, self.blobs = url, blobs
        self.layers: dict[str, bytes] = {}
        #: Calls of ECR that came, by name.
        self.calls: list[str] = []

    def client(self, service: str) -> Any:
        """A client in the registry's account."""
        sts = boto3.client("sts", region_name=REGION, endpoint_url=self.url)
        keys = sts.assume_role(RoleArn=ROLE, RoleSessionName="tests")["Credentials"]
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    def push(self, repository: str, tag: str, image: Image) -> str:
        """Put an image; its digest."""
        ecr = self.client("ecr")
        with_repository = {"repositoryName": repository}
        with suppress(ecr.exceptions.RepositoryAlreadyExistsException):
            ecr.create_repository(**with_repository)
        for child in image.children:
            self._put(ecr, with_repository, child, {})
        self._put(ecr, with_repository, image, {"imageTag": tag})
        return image.digest

    def _put(self, ecr: Any, where: Mapping[str, str], image: Image, tag: Mapping[str, str]) -> None:
        with suppress(ecr.exceptions.ImageAlreadyExistsException):
            ecr.put_image(
                **where, **tag, imageManifest=image.manifest.decode(), imageDigest=image.digest,
                imageManifestMediaType=image.media_type,
            )  # fmt: skip
        self.layers |= {digest_of(blob): blob for blob in image.blobs}


@contextmanager
def moto_aws() -> Iterator[Aws]:
    """moto's server, ended within; the credentials of this process are moto's."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with mock.patch.dict(os.environ, KEYS), HttpServer() as blobs:
        server.start()
        host, port = server.get_host_and_port()
        aws = Aws(f"http://{host}:{port}", blobs)
        batch = ECRResponse.batch_get_image

        def batch_get_image(self: ECRResponse) -> Any:
            aws.calls.append("BatchGetImage")
            return batch(self)

        def get_download_url_for_layer(self: ECRResponse) -> str:
            aws.calls.append("GetDownloadUrlForLayer")
            digest = self._get_param("layerDigest")
            blobs.steps[:] = [answers(200, aws.layers[digest])] if digest in aws.layers else [answers(404, b"")]
            return f'{{"downloadUrl": "{blobs.url}/{digest}?X-Amz-Signature=x", "layerDigest": "{digest}"}}'

        with (
            mock.patch.object(ECRResponse, "batch_get_image", batch_get_image),
            mock.patch.object(ECRResponse, "get_download_url_for_layer", get_download_url_for_layer),
        ):
            try:
                yield aws
            finally:
                server.stop()
