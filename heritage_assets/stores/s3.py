"""How an S3 server is reached: one description, in the words of boto3, of delta-rs and of Hadoop's S3A."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr

CA_BUNDLE = "heritage_ca_bundle"
"""Among the options of delta-rs, which passes over names that it does not know: the file of ``S3Access.ca_bundle``."""


class S3Access(BaseModel):
    """Address, credentials and manners of an S3 server.

    Without keys each client looks where it always looks: ``AWS_ACCESS_KEY_ID`` and its kin in the environment, then the role of
    the machine. All three know both.
    """

    model_config = ConfigDict(frozen=True)

    endpoint: str | None = Field(None, description="Server other than AWS, such as MinIO.")
    access_key: str | None = None
    secret_key: SecretStr | None = None
    region: str = "us-east-1"
    path_style: bool = Field(True, description="Bucket in the path (MinIO), not in the host name.")
    ca_bundle: str | None = Field(None, description="PEM file of the authority that signed the server's certificate.")

    @property
    def _keys(self) -> tuple[str, str] | None:
        if self.access_key and self.secret_key:
            return self.access_key, self.secret_key.get_secret_value()
        return None

    def plain(self) -> dict[str, Any]:
        """Return the fields with the secret in the clear, for a resource's configuration in this process."""
        secret = {"secret_key": self.secret_key.get_secret_value()} if self.secret_key else {}
        return self.model_dump(exclude={"secret_key"}, exclude_none=True) | secret

    def boto3_options(self) -> dict[str, Any]:
        """Return keyword arguments for ``boto3.client("s3", …)``: five attempts with growing pauses."""
        from botocore.config import Config

        style = {"addressing_style": "path" if self.path_style else "virtual"}
        options: dict[str, Any] = {
            "region_name": self.region,
            "config": Config(
                retries={"mode": "standard", "max_attempts": 5}, s3=style, connect_timeout=10, read_timeout=60
            ),
        }
        if self.endpoint:
            options["endpoint_url"] = self.endpoint
        if self.ca_bundle:
            options["verify"] = self.ca_bundle
        if self._keys:
            options["aws_access_key_id"], options["aws_secret_access_key"] = self._keys
        return options

    def delta_options(self) -> dict[str, str]:
        """Return storage options of delta-rs; a commit is a conditional put, so that two writers can't both make one version.

        An authority of one's own goes with them: delta-rs takes none, so who opens tables trusts it first
        (:func:`heritage_assets.stores.trust.trust`).
        """
        options = {
            "AWS_REGION": self.region,
            "aws_conditional_put": "etag",
            "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": str(not self.path_style).lower(),
            # A server that is started anew is waited for: some 17 s, with the defaults it would be 2.
            "max_retries": "8",
            "retry_timeout": "60s",
            "backoff_config.init_backoff": "500ms",
            "backoff_config.max_backoff": "5s",
            "backoff_config.base": "3",
        }
        if self.endpoint:
            options["AWS_ENDPOINT_URL"] = self.endpoint
            options["AWS_ALLOW_HTTP"] = str(self.endpoint.startswith("http://")).lower()
        if self.ca_bundle:
            options[CA_BUNDLE] = self.ca_bundle
        if self._keys:
            options["AWS_ACCESS_KEY_ID"], options["AWS_SECRET_ACCESS_KEY"] = self._keys
        return options

    def hadoop_options(self) -> dict[str, str]:
        """Return settings of S3A (without the prefix ``spark.hadoop.``).

        The authority that they trust is the JVM's: see ``spark_conf``.
        """
        options = {
            "fs.s3a.endpoint.region": self.region,
            "fs.s3a.path.style.access": str(self.path_style).lower(),
            "fs.s3a.attempts.maximum": "5",
            "fs.s3a.retry.limit": "5",
        }
        if self.endpoint:
            options["fs.s3a.endpoint"] = self.endpoint
            options["fs.s3a.connection.ssl.enabled"] = str(urlsplit(self.endpoint).scheme == "https").lower()
        if self._keys:
            options["fs.s3a.access.key"], options["fs.s3a.secret.key"] = self._keys
        return options


def ensure_bucket(uri: str, access: S3Access) -> bool:
    """Create the bucket of ``s3://bucket/…`` when there is none; return whether it was created.

    Versioning stays off: Delta keeps its own versions, and images are named by their content.

    Raises:
        botocore.exceptions.ClientError: the bucket belongs to somebody else, or creating is not allowed.
    """
    import boto3
    from botocore.exceptions import ClientError

    bucket = urlsplit(uri).netloc
    client = boto3.client("s3", **access.boto3_options())
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
    else:
        return False
    where = {} if access.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": access.region}}
    try:
        client.create_bucket(Bucket=bucket, **where)
    except client.exceptions.BucketAlreadyOwnedByYou:
        return False  # another process was first
    return True
