"""Further fields of people, prospects and deals; territories and who is in a group"""

from alembic import op
import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import worker.store.columns

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString


def _json() -> sa.JSON:
    return sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql')


def upgrade() -> None:
    for table in ('person', 'prospect', 'deal'):
        with op.batch_alter_table(table) as batch_op:
            batch_op.add_column(sa.Column('fields', _json(), nullable=False, server_default='{}'))
            if table == 'person':
                for name in ('profile_name', 'department'):
                    batch_op.add_column(sa.Column(name, _TEXT(), nullable=False, server_default=''))
    _mirror_table('territory', ('name',), optional=('parent_id',), flags=('active',))
    _mirror_table('territory_account', ('territory_id', 'account_id'), indexed=('territory_id', 'account_id'))
    _mirror_table('group_member', ('group_id', 'person_id', 'role'), indexed=('group_id',))


def _mirror_table(
    name: str,
    texts: tuple[str, ...],
    optional: tuple[str, ...] = (),
    flags: tuple[str, ...] = (),
    indexed: tuple[str, ...] = (),
) -> None:
    op.create_table(
        name,
        sa.Column('id', _TEXT(), nullable=False),
        sa.Column('object', _TEXT(), nullable=False),
        sa.Column('modified_at', worker.store.columns.Utc(timezone=True), nullable=True),
        sa.Column('seen_at', worker.store.columns.Utc(timezone=True), nullable=False),
        sa.Column('seen_in', sa.Integer(), nullable=False),
        sa.Column('deleted_at', worker.store.columns.Utc(timezone=True), nullable=True),
        *(sa.Column(one, _TEXT(), nullable=False) for one in texts),
        *(sa.Column(one, _TEXT(), nullable=True) for one in optional),
        *(sa.Column(one, sa.Boolean(), nullable=False) for one in flags),
        sa.PrimaryKeyConstraint('id'),
    )
    for one in indexed:
        op.create_index(f'ix_{name}_{one}', name, [one])


def downgrade() -> None:
    for table in ('group_member', 'territory_account', 'territory'):
        op.drop_table(table)
    for table in ('person', 'prospect', 'deal'):
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column('fields')
            if table == 'person':
                batch_op.drop_column('profile_name')
                batch_op.drop_column('department')
