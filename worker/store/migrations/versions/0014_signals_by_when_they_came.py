"""What came in is found by when it came

Revision ID: 0014
Revises: 0013
"""

from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('signal_received', 'signal', ['received_at'])


def downgrade() -> None:
    op.drop_index('signal_received', table_name='signal')
