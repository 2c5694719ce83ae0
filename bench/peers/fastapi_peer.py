"""The two measured routes as a FastAPI user writes them: async SQLAlchemy, slowapi, fastapi-pagination.

Served by Granian (`fastapi_peer:app`); run as a program it creates the database. The environment names the
database file (`PEER_DATABASE`), the bearer token (`PEER_TOKEN`) and the number of records (`PEER_RECORDS`).
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, HTTPException, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from fastapi_pagination import Page, add_pagination
from fastapi_pagination.customization import (
    CustomizedPage,
    UseAdditionalFields,
    UseFieldsAliases,
    UseName,
    UseParamsFields,
)
from fastapi_pagination.ext.sqlalchemy import apaginate
from pydantic import BaseModel, ConfigDict
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from sqlalchemy import ForeignKey, event, insert, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship

RATE = "1000000000/minute"


class Base(DeclarativeBase):
    """What all tables share."""


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    email: Mapped[str]
    is_sso: Mapped[bool] = mapped_column(default=False)
    avatar: Mapped[str | None]


class Token(Base):
    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    user: Mapped[User] = relationship()


class Zone(Base):
    __tablename__ = "zones"

    id: Mapped[int] = mapped_column(primary_key=True)
    fqdn: Mapped[str] = mapped_column(unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)


class Record(Base):
    __tablename__ = "records"

    id: Mapped[int] = mapped_column(primary_key=True)
    zone_id: Mapped[int] = mapped_column(ForeignKey("zones.id"), index=True)
    source: Mapped[str]
    type: Mapped[str]
    ttl: Mapped[int]
    target: Mapped[str]
    updated_at: Mapped[int]


class UserOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    display_name: str
    first_name: str
    last_name: str
    email: str
    is_sso: bool
    avatar: str | None
    login: str


class ProfileOut(BaseModel):
    result: Literal["success"] = "success"
    data: UserOut


class RecordOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    source: str
    type: str
    ttl: int
    target: str
    updated_at: int


RecordPage = CustomizedPage[
    Page[RecordOut],
    UseName("RecordPage"),
    UseAdditionalFields(result=(Literal["success"], "success")),
    UseParamsFields(size=Query(50, ge=1, le=1000, alias="per_page")),
    UseFieldsAliases(items="data", size="items_per_page"),
]

engine = create_async_engine(f"sqlite+aiosqlite:///{os.environ['PEER_DATABASE']}", pool_size=20)
sessions = async_sessionmaker(engine, expire_on_commit=False)


@event.listens_for(engine.sync_engine, "connect")
def prepare_connection(connection: Any, _record: Any) -> None:
    """Let readers and the writer work side by side, as any server on SQLite does."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


async def open_session() -> AsyncIterator[AsyncSession]:
    """Give the request a session of its own."""
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]


async def find_caller(
    request: Request,
    scopes: SecurityScopes,
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
    session: Session,
) -> User:
    """Look the bearer token up and see that it holds every scope the route asks for."""
    token = await session.scalar(
        select(Token).where(Token.hash == hash_token(credentials.credentials)).options(joinedload(Token.user))
    )
    if token is None:
        raise HTTPException(401, "Unknown token", {"WWW-Authenticate": "Bearer"})
    if not set(scopes.scopes) <= set(token.scopes.split()):
        raise HTTPException(403, "Not enough permissions")
    request.state.user_id = str(token.user_id)
    return token.user


def hash_token(token: str) -> str:
    """Say under which hash a token is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def user_of(request: Request) -> str:
    """Name the user whose requests are counted."""
    user_id: str = request.state.user_id
    return user_id


limiter = Limiter(key_func=user_of)
app = FastAPI()
app.state.limiter = limiter
app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)  # type: ignore[arg-type]  # as its docs say


@app.get("/2/profile")
@limiter.limit(RATE)
async def show_profile(
    request: Request,  # noqa: ARG001 - slowapi looks for it
    caller: Annotated[User, Security(find_caller, scopes=["user_info"])],
) -> ProfileOut:
    """Answer who the token's user is."""
    return ProfileOut(data=UserOut.model_validate(caller))


@app.get("/2/zones/{fqdn}/records")
@limiter.limit(RATE)
async def list_records(
    request: Request,  # noqa: ARG001 - slowapi looks for it
    fqdn: str,
    caller: Annotated[User, Security(find_caller, scopes=["dns:read"])],
    session: Session,
) -> RecordPage:
    """Answer a page of the zone's records with their exact number."""
    zone = await session.scalar(select(Zone).where(Zone.fqdn == fqdn, Zone.owner_id == caller.id))
    if zone is None:
        raise HTTPException(404, "No such zone")
    page: RecordPage = await apaginate(session, select(Record).where(Record.zone_id == zone.id).order_by(Record.id))
    return page


add_pagination(app)


async def create_database() -> None:
    """Fill a new database with one user, one token, one zone and its records."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.execute(
            insert(User).values(
                login="demo",
                display_name="Demo User",
                first_name="Demo",
                last_name="User",
                email="demo@example.ch",
            )
        )
        await connection.execute(
            insert(Token).values(hash=hash_token(os.environ["PEER_TOKEN"]), scopes="user_info dns:read", user_id=1)
        )
        await connection.execute(insert(Zone).values(fqdn="example.ch", owner_id=1))
        await connection.execute(insert(Record), [a_record(n) for n in range(int(os.environ["PEER_RECORDS"]))])
    await engine.dispose()


def a_record(number: int) -> dict[str, Any]:
    """Make up the nth record of the zone."""
    return {
        "zone_id": 1,
        "source": f"host-{number}",
        "type": "A",
        "ttl": 3600,
        "target": f"192.0.2.{number % 256}",
        "updated_at": 1_700_000_000 + number,
    }


if __name__ == "__main__":
    asyncio.run(create_database())
