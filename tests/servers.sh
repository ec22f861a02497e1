#!/bin/sh
# The real servers that the integration tests talk to. Installs them where it may (root on Debian or Ubuntu),
# and otherwise names what is missing: those tests are then skipped, loudly.
set -eu
PATH="$PATH:/usr/sbin:/sbin"
wanted="snmpd:snmpd snmptrap:snmp prometheus:prometheus promtool:prometheus prometheus-alertmanager:prometheus-alertmanager
mosquitto:mosquitto chromium:chromium sshd:openssh-server sipp:sip-tester kamailio:kamailio"
missing() { for pair in $wanted; do command -v "${pair%%:*}" >/dev/null || echo "${pair##*:}"; done | sort -u; }
packages=$(missing)
[ -n "$packages" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing the servers that the tests talk to:" $packages "(a few minutes) ..."
    export DEBIAN_FRONTEND=noninteractive
    # A test machine runs none of them by itself: each test starts its own on a free port.
    { apt-get update && RUNLEVEL=1 apt-get install -y --no-install-recommends $packages; } >/tmp/netwatch-servers.log 2>&1 ||
        tail -n 5 /tmp/netwatch-servers.log
    packages=$(missing)
fi
[ -z "$packages" ] || echo "NOT TESTED HERE, because not installed:" $packages "(apt-get install" $packages")"
