#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# connection - the connection to systemd alone, in vmcg's sandbox: on the manager's own socket and on the bus

PROBE=build/root/systemd-probe
UNIT='vmcg-con\x2bn.scope' # what an id with a + becomes
DESCRIPTION='VM of a probe'
ABSENT=10 EXISTS=11 FOREIGN=12

fresh_process() {
	[ -z "${PID:-}" ] || kill -KILL "$PID" 2>/dev/null || true
	sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
	PID=$!
	disown "$PID"
}

setup() {
	[ -x "$PROBE" ] || { echo "$PROBE is not built: make $PROBE"; return 1; }
	fresh_process
}

teardown() {
	systemctl thaw "$UNIT" 2>/dev/null || true
	systemctl stop "$UNIT" 2>/dev/null || true
	systemctl reset-failed "$UNIT" 2>/dev/null || true
	kill -KILL "$PID" 2>/dev/null || true
}

# probe STATUS WAY COMMAND...: it ends with that exit status; what it said is in $output.
probe() {
	local want=$1
	shift
	run "$PROBE" "$@"
	[ "$status" -eq "$want" ] || { echo "systemd-probe $*: exit $status, not $want: $output"; return 1; }
}

@test "a scope is started, changed, read and stopped, on either way" {
	for way in private bus; do
		fresh_process
		probe 0 $way version
		[ "$output" -eq "$(systemctl --version | awk 'NR == 1 { print $2 }')" ]
		probe 0 $way start "$UNIT" "$PID" 50
		grep -qF "/system.slice/$UNIT" "/proc/$PID/cgroup"
		probe $EXISTS $way start "$UNIT" "$PID" 50
		probe 0 $way set "$UNIT" 60
		probe 0 $way get "$UNIT" TasksMax Description Delegate DeviceAllow Slice NoSuchProperty
		[ "$(sort <<<"$output")" = "$(printf '%s\n' 'Delegate=yes' "Description=\"$DESCRIPTION\"" \
			'DeviceAllow=[]' 'Slice="system.slice"' 'TasksMax=60')" ]
		probe $FOREIGN $way stop "$UNIT" "someone else's"
		kill -0 "$PID"
		probe 0 $way stop "$UNIT" "$DESCRIPTION"
		[ "$(systemctl show --value -p LoadState "$UNIT")" = not-found ]
		for command in "stop $UNIT" "stop $UNIT x" "set $UNIT 60" "get $UNIT TasksMax"; do
			# shellcheck disable=SC2086 # a command and its arguments
			probe $ABSENT $way $command
		done
	done
}

@test "properties that this systemd does not have are left out: three, not four" {
	for way in private bus; do
		fresh_process
		probe 1 $way optional "$UNIT" "$PID" Aaa Bbb Ccc Ddd
		[[ $output = *"unknown property"*Ddd=1*"from the probe"* ]]
		probe 0 $way optional "$UNIT" "$PID" Aaa Bbb Ccc
		[ "$output" = "$(printf 'Aaa\nBbb\nCcc')" ]
		probe 0 $way stop "$UNIT"
	done
}

@test "a process that is gone is called so" {
	kill -KILL "$PID"
	while kill -0 "$PID" 2>/dev/null; do sleep 0.1; done
	for way in private bus; do
		probe 1 $way start "$UNIT" "$PID"
		[[ $output = *"StartTransientUnit of $UNIT"*"the VM process $PID is gone"* ]]
	done
}

@test "a name that a failed unit still has is free again" {
	for way in private bus; do
		fresh_process
		systemd-run --quiet --scope --unit="$UNIT" -p RuntimeMaxSec=1 sleep 100 || true
		[ "$(systemctl is-failed "$UNIT")" = failed ]
		probe 0 $way start "$UNIT" "$PID"
		probe 0 $way stop "$UNIT"
		systemd-run --quiet --scope --unit="$UNIT" -p RuntimeMaxSec=1 sleep 100 || true
		probe 0 $way stop "$UNIT"
		[ "$(systemctl show --value -p LoadState "$UNIT")" = not-found ]
	done
}

@test "a frozen unit is stopped" {
	# On cgroup v1 there is no FreezeUnit: then one that runs.
	for way in private bus; do
		fresh_process
		probe 0 $way start "$UNIT" "$PID"
		systemctl freeze "$UNIT" || [ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ]
		probe 0 $way stop "$UNIT" "$DESCRIPTION"
		[ "$(systemctl show --value -p LoadState "$UNIT")" = not-found ]
	done
}

@test "systemd executes itself anew meanwhile: a start and a stop work, or say so at once" {
	for _ in 1 2 3; do
		fresh_process
		systemctl daemon-reexec 3>&- &
		SECONDS=0
		run "$PROBE" private start "$UNIT" "$PID"
		[ "$status" -eq 0 ] || [[ $output = *"try again"* ]]
		run "$PROBE" private stop "$UNIT" "$DESCRIPTION"
		[ "$status" -eq 0 ] || [ "$status" -eq $ABSENT ] || [[ $output = *"try again"* ]]
		[ "$SECONDS" -lt 25 ]
		wait %% || true
	done
}
