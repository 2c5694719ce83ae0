"""Users' clocks: what a user keeps here to sign in and to call with runs out by the clock of the account he works in.

Only the sandbox has clocks that are moved (`api/clocks.py`). Codes, challenges, proofs and what is signed for others
last seconds, or are read by clocks that are not ours: they go by the real time.
"""

from sqlalchemy import bindparam, select

from alpage.api.clocks import Clocks
from alpage.identity.users import User
from alpage.storage.database import Transaction


def ahead(clocks: Clocks, transaction: Transaction, user_id: int) -> int:
    """How many seconds the clock of a user is ahead."""
    if not clocks.any_moved:
        return 0
    return clocks.ahead(transaction.execute(_ACCOUNT, {"user": user_id}).scalar_one())


_ACCOUNT = select(User.current_account_id).where(User.id == bindparam("user"))
