"""The names of accounts as they are compared, to find the account of a prospect without one"""

from alembic import op
import sqlalchemy as sa
import sqlmodel.sql.sqltypes

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString()
    for table in ('account', 'account_history'):
        with op.batch_alter_table(table) as batch_op:
            batch_op.add_column(sa.Column('name_key', text, nullable=False, server_default=''))
        # Near enough until the next read of an account brings the key itself.
        op.execute(f'UPDATE {table} SET name_key = lower(name)')
    op.create_index('ix_account_name_key', 'account', ['name_key'])
    op.create_index('ix_account_history_name_key', 'account_history', ['name_key', 'held_until'])


def downgrade() -> None:
    for table in ('account', 'account_history'):
        op.drop_index(f'ix_{table}_name_key', table)
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column('name_key')
