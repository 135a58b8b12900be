"""What somebody noted beside an alarm is for its own people: other companies see who looks after it, and since when."""

import msgspec

from dip.http.portal.powers import Visitor
from dip.store.alarms import Alarm
from dip.store.users import SqliteUsers


class AlarmNotes:
    """Leaves out the notes that a visitor is not to read. The DIP's own people read every one."""

    def __init__(self, users: SqliteUsers) -> None:
        self._users = users

    def seen(self, alarm: Alarm, visitor: Visitor) -> Alarm:
        """The alarm as a visitor sees it: with the note where a colleague of its own company wrote it."""
        if visitor.company is None or not alarm.note:
            return alarm
        author = self._users.user(alarm.acknowledged_by)
        if author is not None and author.company == visitor.company:
            return alarm
        return msgspec.structs.replace(alarm, note="")
