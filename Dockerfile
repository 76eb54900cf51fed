# Builds from the lockfile alone. The result holds no compiler, no npm cache and no development dependency, runs as
# `node` (uid 1000), and writes nowhere but to /var/lib/pullcord and /tmp: start it with a read-only root.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
RUN npm run build

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="pullcord" \
      org.opencontainers.image.description="The emergency pull-cord of an AI agent's network" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    PULLCORD_CONFIG=/etc/pullcord/pullcord.yaml \
    PULLCORD_DATA_DIR=/var/lib/pullcord
WORKDIR /app
RUN install -d -o node -g node -m 0700 /var/lib/pullcord
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
USER node
VOLUME /var/lib/pullcord
# 8080 is for the internet, 8081 for the management network alone.
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["node", "-e", "fetch('http://127.0.0.1:8081/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Exec form, so that SIGTERM arrives.
CMD ["node", "dist/cli/index.js", "serve"]
