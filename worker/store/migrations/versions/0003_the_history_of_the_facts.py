"""The history of the facts, and when each object had been read"""

from typing import Any

from alembic import op
import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from worker.store.columns import Utc

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql')
_LONG_AGO = '1970-01-01 00:00:00.000000'
_FACTS = {
    'person': (
        *('email', 'name', 'active?', 'manager_id-', 'backup_id-', 'title', 'role_name'),
        *('time_zone', 'working_hours', 'queue?', 'profile_name', 'department', 'fields{}'),
    ),
    'account': ('name', 'domain', 'owner_id-', 'kind', 'parent_id-', 'fields{}'),
    'prospect': (
        *('kind', 'email', 'name', 'title', 'company', 'account_id-', 'owner_id-'),
        *('converted_to-', 'fields{}'),
    ),
    'stage': ('label', 'pipeline_id', 'position#', 'is_closed?', 'is_won?', 'active?'),
    'deal': (
        *('name', 'stage_id', 'account_id-', 'pipeline_id', 'owner_id-', 'amount%', 'is_closed?'),
        *('is_won?', 'closed_at@', 'fields{}'),
    ),
    'deal_contact': ('deal_id', 'prospect_id', 'role'),
    'role_holding': ('person_id', 'role', 'account_id-', 'deal_id-'),
    'territory': ('name', 'parent_id-', 'active?'),
    'territory_account': ('territory_id', 'account_id'),
    'group_member': ('group_id', 'person_id', 'role'),
    'out_of_office': ('person_id', 'starts_at!', 'ends_at!', 'source', 'note'),
}
"""What each kind of fact has of its own: text, '-' text or none, '?' yes or no, '#' a number,
'%' an amount or none, '@' a moment or none, '!' a moment, '{}' further fields."""
_TYPES: dict[str, tuple[Any, bool]] = {
    '-': (_TEXT(), True),
    '?': (sa.Boolean(), False),
    '#': (sa.Integer(), False),
    '%': (sa.Float(), True),
    '@': (Utc(), True),
    '!': (Utc(), False),
    '}': (_JSON, False),
}
_INDEXED = {
    'person': ('email',),
    'account': ('domain',),
    'prospect': ('email', 'account_id'),
    'deal': ('account_id',),
    'deal_contact': ('deal_id', 'prospect_id'),
    'role_holding': ('account_id', 'deal_id'),
    'territory_account': ('territory_id', 'account_id'),
    'group_member': ('group_id',),
    'out_of_office': ('person_id',),
}


def upgrade() -> None:
    for table, columns in _FACTS.items():
        with op.batch_alter_table(table) as batch_op:
            # Of what is mirrored already no more is known than when it was last seen.
            batch_op.add_column(
                sa.Column('held_from', Utc(), nullable=False, server_default=_LONG_AGO)
            )
        op.execute(f'UPDATE {table} SET held_from = seen_at')
        _history(
            table,
            sa.Column('id', _TEXT(), nullable=False),
            sa.Column('object', _TEXT(), nullable=False),
            sa.Column('modified_at', Utc(), nullable=True),
            sa.Column('seen_at', Utc(), nullable=False),
            sa.Column('held_from', Utc(), nullable=False),
            *map(_column, columns),
            sa.PrimaryKeyConstraint('id', 'held_from'),
        )
    _history(
        'person_setting',
        sa.Column('person_id', _TEXT(), nullable=False),
        sa.Column('real_time', _JSON, nullable=True),
        sa.Column('changed_at', Utc(), nullable=False),
        sa.PrimaryKeyConstraint('person_id', 'changed_at'),
    )
    op.create_table(
        'read_span',
        sa.Column('object', _TEXT(), nullable=False),
        sa.Column('first_at', Utc(), nullable=False),
        sa.Column('last_at', Utc(), nullable=False),
        sa.Column('longest', sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint('object', 'first_at'),
    )
    op.create_index('alert_of_key', 'alert', ['dedup_key', 'fired_at'])


def _column(said: str) -> sa.Column[Any]:
    name = said.rstrip('-?#%@!{}')
    kind, nullable = _TYPES[said[-1]] if said != name else (_TEXT(), False)
    return sa.Column(name, kind, nullable=nullable)


def _history(table: str, *parts: sa.schema.SchemaItem) -> None:
    name = f'{table}_history'
    op.create_table(name, *parts, sa.Column('held_until', Utc(), nullable=False))
    for one in _INDEXED.get(table, ()):
        op.create_index(f'ix_{name}_{one}', name, [one, 'held_until'])
    op.create_index(f'ix_{name}_held_until', name, ['held_until'])


def downgrade() -> None:
    op.drop_index('alert_of_key', 'alert')
    op.drop_table('read_span')
    for table in ('person_setting', *_FACTS):
        op.drop_table(f'{table}_history')
    for table in _FACTS:
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column('held_from')
