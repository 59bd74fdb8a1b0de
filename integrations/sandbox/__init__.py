"""One process that plays every provider over real HTTP, with faults on demand: `docs/sandbox.md`.

Written from providers/*.md, not from what our own clients send. No Django here. A provider's fake lives in
`integrations/providers/<slug>/fake.py` and is found by itself, as is a translator's in `integrations/translators/`.
"""
