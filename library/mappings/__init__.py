"""Public id tables, one file a source: bytes in, what they say out. Pure; stored by `library.services.id_tables`.

Shapes, faults and figures of the tables: id-mapping.md 3 and 5, read 2026-11-25.
"""
