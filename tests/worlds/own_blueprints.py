"""A blueprint of a team's own with everything in it, and libraries that have it."""

from __future__ import annotations

from collections.abc import Mapping

from generator.model.blueprint import TemplateLibrary
from worlds.builders import LIBRARY, image

SHOP = f"""\
apiVersion: blueprint.rtb-ai-hub/v1
kind: Blueprint
metadata: {{name: shop}}
spec:
  summary: services, a worker, jobs, a queue and a database
  pullSecrets: ["preview/${{environment.name}}/app/registry"]
  components:
    web:
      summary: front end
      port: 3000
      path: /
      healthPath: /
      env: {{API: "${{api.url}}", CACHE: "${{cache.REDIS_URL}}", PRICE: "5$$", OWNER: "by ${{preview.owner}}"}}
      files: {{/etc/app/app.conf: "x: ${{y}}\\n"}}
      sidecars:
        proxy:
          image: {image("proxy")}
          ports: {{metrics: {{port: 9100}}}}
          probes: {{readiness: {{type: http, path: /metrics, port: metrics}}}}
          env: {{LITERAL: "$(HOME) $$x", WHO: "${{preview.owner}}"}}
    api:
      summary: API
      cpu: 100m
      memory: 128Mi
      port: 4000
      path: /api
      ports: {{rpc: {{port: 9000, protocol: grpc}}, dns: {{port: 5353, protocol: udp}}}}
      probes: {{readiness: {{type: grpc, port: rpc, service: shop.v1}}, liveness: {{type: none}}}}
      env: {{DATABASE_URL: "${{db.DATABASE_URL}}"}}
      secrets: {{STRIPE: "preview/${{environment.name}}/app/stripe#key"}}
      volumes: {{tmp: {{path: /tmp, size: 256Mi}}}}
      init: {{prepare: {{command: [prepare], shareEnv: true}}}}
      needs: [db]
    admin: {{summary: at a host of its own, cpu: 100m, memory: 128Mi, port: 8080, path: /, host: admin, imageOf: api}}
    rpc: {{summary: public gRPC, cpu: 100m, memory: 128Mi, port: 50051, protocol: grpc, path: /shop.v1, imageOf: api}}
    worker:
      summary: takes jobs of the queue
      role: worker
      cpu: 100m
      memory: 128Mi
      replicas: 2
      imageOf: api
      args: [worker]
      env: {{DATABASE_URL: "${{db.DATABASE_URL}}", CACHE_HOST: "${{cache.host}}:${{cache.port}}"}}
    migrate:
      summary: migrates the database
      role: job
      when: before
      cpu: 100m
      memory: 128Mi
      imageOf: api
      args: [migrate]
      env: {{DATABASE_URL: "${{db.DATABASE_URL}}", LEVEL: info}}
      needs: [db]
    smoke: {{summary: tries it, role: job, when: after, cpu: 100m, memory: 128Mi, imageOf: api, args: [smoke]}}
    nightly: {{summary: cleans, role: scheduled, schedule: "0 3 * * *", cpu: 100m, memory: 128Mi, imageOf: api}}
    db: {{use: postgresql, cpu: 100m, memory: 128Mi, storage: 2Gi}}
    cache: {{use: valkey, cpu: 100m, memory: 128Mi}}
"""
#: What has no image of its own, and none of another's.
SHOP_IMAGES = {name: image(name) for name in ("web", "api", "db", "cache")}


def with_own(files: Mapping[str, str]) -> TemplateLibrary:
    """The shipped templates with blueprints: name → text of `blueprint.yaml`, or `name/file` → text."""
    own = {f"blueprints/{name if '/' in name else f'{name}/blueprint.yaml'}": text for name, text in files.items()}
    return TemplateLibrary({**LIBRARY.files, **own})
