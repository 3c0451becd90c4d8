"""Which ladder and turn an alert is of, a rep's own choices, and who says that somebody is in"""

from alembic import op
import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from sqlalchemy import Text, text
from sqlalchemy.dialects import postgresql

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql')
    with op.batch_alter_table('signal') as batch_op:
        batch_op.add_column(sa.Column('language', _TEXT(), nullable=False, server_default=''))
    for table in ('out_of_office', 'out_of_office_history'):
        with op.batch_alter_table(table) as batch_op:
            batch_op.add_column(
                sa.Column('available', sa.Boolean(), nullable=False, server_default=sa.false())
            )
    with op.batch_alter_table('alert') as batch_op:
        for name in ('ladder', 'turn'):
            batch_op.add_column(sa.Column(name, _TEXT(), nullable=False, server_default=''))
    op.create_index('alert_turn', 'alert', ['turn', 'fired_at'],
                    sqlite_where=text("turn != ''"), postgresql_where=text("turn != ''"))
    op.create_index('alert_of_assignee', 'alert', ['assignee_id', 'fired_at'])
    for table in ('person_setting', 'person_setting_history'):
        with op.batch_alter_table(table) as batch_op:
            batch_op.add_column(sa.Column('silent', json, nullable=False, server_default='[]'))
            batch_op.add_column(sa.Column('surface', _TEXT(), nullable=False, server_default=''))
            for name in ('quiet_from', 'quiet_until'):
                batch_op.add_column(sa.Column(name, sa.Integer(), nullable=True))


def downgrade() -> None:
    for table in ('person_setting', 'person_setting_history'):
        with op.batch_alter_table(table) as batch_op:
            for name in ('silent', 'surface', 'quiet_from', 'quiet_until'):
                batch_op.drop_column(name)
    for name in ('alert_turn', 'alert_of_assignee'):
        op.drop_index(name, 'alert')
    with op.batch_alter_table('alert') as batch_op:
        batch_op.drop_column('ladder')
        batch_op.drop_column('turn')
    for table in ('out_of_office', 'out_of_office_history'):
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column('available')
    with op.batch_alter_table('signal') as batch_op:
        batch_op.drop_column('language')
