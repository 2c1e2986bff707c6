# The image of `latchkey serve`. `make release` lays out dist/image_amd64 and dist/image_arm64 first:
#   docker build --build-arg ARCH=amd64 -t latchkey .
#   docker run -p 3000:3000 -v latchkey:/data latchkey
FROM scratch
ARG ARCH=amd64
COPY dist/image_${ARCH}/ /
COPY --chown=65532:65532 dist/image_${ARCH}/data /data
USER 65532:65532
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
ENTRYPOINT ["/latchkey"]
CMD ["serve", "--addr", "0.0.0.0:3000", "--store", "sqlite:/data/latchkey.db", "--keys", "file:/data/latchkey-keys.json"]
