"""Users: the people of the platform. Their profile's routes are in `profile.py`."""

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from alpage.storage.changes import SECRET
from alpage.storage.tables import Base

_hasher = PasswordHasher()


class User(Base):
    """A person with a login."""

    __tablename__ = "users"
    __event__ = "user"
    __audience__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(128), unique=True)
    email: Mapped[str] = mapped_column(String(128), unique=True)
    is_email_checked: Mapped[bool] = mapped_column(default=True)  # who makes a user vouches for the address
    first_name: Mapped[str] = mapped_column(String(128))
    last_name: Mapped[str] = mapped_column(String(128))
    display_name: Mapped[str] = mapped_column(String(257))
    is_sso: Mapped[bool] = mapped_column(default=False)
    avatar: Mapped[str | None] = mapped_column(default=None)  # the address of his picture
    password_hash: Mapped[str | None] = mapped_column(default=None, info={SECRET: True})
    password_changed_at: Mapped[int | None] = mapped_column(default=None)
    current_account_id: Mapped[int | None] = mapped_column(default=None)
    birth_at: Mapped[str | None] = mapped_column(default=None)
    language_id: Mapped[int] = mapped_column(default=1)
    country_id: Mapped[int] = mapped_column(default=756)
    timezone: Mapped[str] = mapped_column(default="Europe/Zurich")
    limits_failed_logins: Mapped[bool] = mapped_column(default=True)
    failed_logins_per_hour: Mapped[int] = mapped_column(default=10)
    notifies_failed_logins: Mapped[bool] = mapped_column(default=False)
    notifies_logins: Mapped[bool] = mapped_column(default=False)
    blocked_at: Mapped[int | None] = mapped_column(default=None)  # by who runs the platform
    created_at: Mapped[int]

    @property
    def user_id(self) -> int:
        """The user a change of this row belongs to."""
        return self.id


def hash_password(password: str) -> str:
    """The password as it is kept (Argon2id)."""
    return _hasher.hash(password)


def is_password(user: User, password: str) -> bool:
    """Whether this is the user's password."""
    return user.password_hash is not None and fits(user.password_hash, password)


def fits(password_hash: str, password: str) -> bool:
    """Whether this is the password of a hash."""
    try:
        return _hasher.verify(password_hash, password)
    except VerificationError:
        return False


def find_by_email(session: Session, email: str) -> User | None:
    """The user with this address."""
    return session.scalars(select(User).where(User.email == email.lower())).one_or_none()
