"""The demo's desktop: the product as it is, with its accounts told on the sign-in screen and a plug to pull."""

from app.launch.command import CommandFailed
from app.launch.demo.cast import LINDENAU, PASSWORD, PEOPLE
from app.launch.demo.control import DemoPlug
from app.launch.demo.order import ChildOrder
from app.launch.desktop import Start
from app.launch.desktop import show as show_desktop
from ui.screens.door.view_model import EnrolForm
from ui.screens.sign_in.view_model import DemoHint

STATION = "Panel 7"
AREA = "Press room 1"


def hints() -> tuple[DemoHint, ...]:
    """The demo's accounts at Lindenau, as the sign-in screen shows them."""
    return tuple(
        DemoHint(login=each.login, password=PASSWORD, role=each.role.value, name=each.name)
        for each in PEOPLE
        if LINDENAU in each.plants
    )


def start_of(order: ChildOrder) -> Start:
    """How the demo starts the desktop."""
    plug = DemoPlug(order.plug_port, order.plug_token)
    return Start(
        data_dir=order.data,
        plug=plug,
        before=plug.look,
        server=order.server,
        invitation=EnrolForm(server=order.server, code=order.enrolment_code, name=STATION, area=AREA),
        demo=hints(),
    )


def show(order: ChildOrder) -> str:
    """Show it until its window is closed."""
    code = show_desktop(start_of(order))
    if code != 0:
        raise CommandFailed("The desktop ended with a fault.", code=code)
    return ""
