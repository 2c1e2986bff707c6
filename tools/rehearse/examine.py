"""Runs 'latchkey doctor' against a rehearsed stack: clean, and after each of the planted faults."""

import json

from control import Control, Front
from model import Fault


def examine(walk, faults):
    """Checks that doctor finds nothing to do, and with faults that it finds each of them."""
    control, front = Control(walk.stack), Front(walk.gateway)
    try:
        code, report = run(walk, control, front)
        bad = [f for f in report if "advice" in f]
        walk.fact(f"doctor makes {len(report)} findings, none of them bad", code == 0 and not bad and len(report) > 25, bad or report)
        for name, (plant, check, says) in planted().items() if faults else ():
            undo = plant(walk, control)
            code, report = run(walk, control, front)
            undo()
            bad = [f for f in report if "advice" in f]
            hit = [f for f in bad if f["check"] == check and says in f["advice"]]
            walk.fact(f"doctor after {name}: {check}: {hit[0]['advice'] if hit else ''}", code == 1 and hit and len(bad) == len(hit), bad)
    finally:
        control.stop()
        front.server.shutdown()


def run(walk, control, front):
    out = walk.operator("doctor", front.url, "--stack", "latchkey", "--census", "--json", aws=control.url, places=False)
    try:
        return out.returncode, json.loads(out.stdout)["findings"]
    except ValueError:
        raise Fault(f"doctor prints no report: {out.stderr}") from None


def planted():
    """Faults of a stack that was deployed well: how each is made and undone, the check that must find it, and what it must advise."""
    def no_time_to_live(walk, _):
        return switch(lambda on: walk.stack.account.tables.update_time_to_live(
            TableName=walk.stack.table, TimeToLiveSpecification={"AttributeName": "ttl", "Enabled": on}))

    def no_recovery(walk, _):
        return switch(lambda on: walk.stack.account.protected.update_continuous_backups(
            TableName=walk.stack.table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": on}))

    def stopped_rotation(_, control):
        return setting(control, "rotated", control.rotated - 40 * 86400)

    def unsubscribed(_, control):
        return setting(control, "subscribers", 0)

    def stayed_alias(_, control):
        return setting(control, "old_code", {"SessionFunction"})

    def no_limit(_, control):
        return setting(control, "unlimited", True)

    def lost_alarm(_, control):
        return setting(control, "lost_alarms", {"SlowLogins"})

    def lost_route(walk, _):
        routes = walk.gateway.routes
        return setting(walk.gateway, "routes", {k: v for k, v in routes.items() if k != "/api/users/me"})

    def another_setting(_, control):
        return setting(control, "changed", {"SessionFunction": {"LATCHKEY_ISSUER": "https://other.example.com"}})

    def unverified_sender(_, control):
        return setting(control, "verified", False)

    return {
        "time to live is switched off": (no_time_to_live, "table", "update-time-to-live"),
        "point-in-time recovery is switched off": (no_recovery, "table", "update-continuous-backups"),
        "rotation stops": (stopped_rotation, "rotation", "docs/operate.md#rotateerrors"),
        "nobody is subscribed": (unsubscribed, "alarm topic", "Subscribe the person on call"),
        "a function goes back": (stayed_alias, "functions", "docs/operate.md#go-back"),
        "the rate limits are removed": (no_limit, "rate limits", "Deploy the stack again"),
        "the sender is not verified": (unverified_sender, "mail", "in SES"),
        "an alarm is deleted": (lost_alarm, "alarms", "Deploy the stack again"),
        "a route is deleted": (lost_route, "routes", "Deploy the template of this command's version"),
        "a variable is changed by hand": (another_setting, "settings", "only by its parameters"),
    }


def switch(turn):
    turn(False)
    return lambda: turn(True)


def setting(thing, name, value):
    before = getattr(thing, name)
    setattr(thing, name, value)
    return lambda: setattr(thing, name, before)
