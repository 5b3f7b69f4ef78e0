"""How migrations run: on the connection that the store gives them, in its transaction."""

from alembic import context

from activity.store.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
