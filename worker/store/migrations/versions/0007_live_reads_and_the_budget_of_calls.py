"""Live reads, circuits, tallies, the budget of calls and notices to the admin"""

from alembic import op
import sqlalchemy as sa
import sqlmodel.sql.sqltypes

import worker.store.columns

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString


def _utc() -> worker.store.columns.Utc:
    return worker.store.columns.Utc(timezone=True)


def upgrade() -> None:
    op.create_table(
        'live_read',
        sa.Column('scope', _TEXT(), nullable=False),
        sa.Column('at', _utc(), nullable=False),
        sa.PrimaryKeyConstraint('scope'),
    )
    op.create_index('ix_live_read_at', 'live_read', ['at'])
    op.create_table(
        'circuit',
        sa.Column('name', _TEXT(), nullable=False),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('open_until', _utc(), nullable=True),
        sa.Column('error', _TEXT(), nullable=False),
        sa.PrimaryKeyConstraint('name'),
    )
    op.create_table(
        'tally',
        sa.Column('name', _TEXT(), nullable=False),
        sa.Column('count', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('name'),
    )
    op.create_table(
        'budget',
        sa.Column('crm', _TEXT(), nullable=False),
        sa.Column('used', sa.Integer(), nullable=False),
        sa.Column('most', sa.Integer(), nullable=False),
        sa.Column('resets_at', _utc(), nullable=True),
        sa.Column('told_at', _utc(), nullable=True),
        sa.Column('state', _TEXT(), nullable=False),
        sa.Column('pace', sa.Float(), nullable=False),
        sa.Column('forecast', sa.Float(), nullable=False),
        sa.Column('left_for_polling', sa.Float(), nullable=False),
        sa.Column('why', _TEXT(), nullable=False),
        sa.PrimaryKeyConstraint('crm'),
    )
    op.create_table(
        'api_calls',
        sa.Column('hour', _utc(), nullable=False),
        sa.Column('calls', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('hour'),
    )
    op.create_table(
        'read_cost',
        sa.Column('object', _TEXT(), nullable=False),
        sa.Column('calls', sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint('object'),
    )
    op.create_table(
        'notice',
        sa.Column('key', _TEXT(), nullable=False),
        sa.Column('text', _TEXT(), nullable=False),
        sa.Column('since', _utc(), nullable=False),
        sa.Column('told_at', _utc(), nullable=True),
        sa.Column('try_at', _utc(), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('error', _TEXT(), nullable=False),
        sa.PrimaryKeyConstraint('key'),
    )


def downgrade() -> None:
    for table in ('notice', 'read_cost', 'api_calls', 'budget', 'tally', 'circuit'):
        op.drop_table(table)
    op.drop_index('ix_live_read_at', table_name='live_read')
    op.drop_table('live_read')
