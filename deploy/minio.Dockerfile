# MinIO as a user of its own: a named volume takes the owner of the folder that the image has in its place.
FROM minio/minio:RELEASE.2025-09-07T16-13-09Z
RUN mkdir -p /data && chown 1000:1000 /data
USER 1000:1000
VOLUME /data
