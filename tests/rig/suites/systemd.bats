#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# systemd - scopes of vmcg's own, asked of the systemd that is process 1 here: a real QEMU in one,
# many at once, each way to systemd shut in turn, names that are taken, VMs that die in between
#
# What every test ends with: no unit, cgroup, record or device program is left.

load matrix

setup() {
	place own systemd
	TARGET=/system.slice/$UNIT
	limits '.memory.limit = 268435456 | .cpu = {quota: 80000, period: 100000, cpus: "0"} | .pids.limit = 64'
}

teardown() {
	if [ "${BUS_STOPPED:-}" ]; then
		systemctl start dbus.socket dbus.service
		# It does not come back by itself, and everybody who asks for it waits half a minute.
		systemctl try-restart systemd-logind.service
	fi
	if [ "${FOREIGN:-}" ]; then
		systemctl stop "$FOREIGN" 2>/dev/null || true
		systemctl reset-failed "$FOREIGN" 2>/dev/null || true
	fi
	clear_away
}

# The VM is in its scope, with the limits that the config asks for.
in_scope() {
	inside "${1:-$VM}" || return
	file_is memory "$(memory_file)" 268435456 && file_is pids pids.max 64
}

# poststop, and the VM sits where it came from.
goes_home() {
	poststop
	expect 0 || return
	[ "$(cat "/proc/$VM/cgroup")" = "$HOME_GROUPS" ] || fail "not where it came from:" "$(cat "/proc/$VM/cgroup")"
}

start_vm_at_home() {
	start_vm
	HOME_GROUPS=$(cat "/proc/$VM/cgroup")
}

unit_is() {
	[ "$(systemctl show --value -p ActiveState "$1")" = "$2" ]
}

# foreign_scope NAME [OPTION...]: a unit that is not vmcg's, around a process that sleeps ($SLEEPER).
foreign_scope() {
	FOREIGN=$1
	systemd-run --quiet --scope --unit="$1" "${@:2}" sleep 1000 </dev/null >"$T/scope.out" 2>&1 3>&- &
	SLEEPER=$!
	disown "$SLEEPER"
	STARTED+=("$SLEEPER")
	wait_until unit_is "$1" active || fail "no scope $1:" "$(cat "$T/scope.out")"
	# systemd-run becomes the command only then.
	wait_until grep -qsx sleep "/proc/$SLEEPER/comm"
}

# A unit as it is: its processes, its properties, its control files.
unit_now() {
	local mount path

	path=$(systemctl show --value -p ControlGroup "$1")
	systemctl show -p ActiveState,Result,Slice,MemoryMax,MemoryLimit,TasksMax,CPUWeight,CPUShares,DevicePolicy,DeviceAllow "$1"
	for mount in $(hierarchies); do
		[ -d "$mount$path" ] || continue
		cat "$mount$path/cgroup.procs"
		settings "$mount$path"
	done
}

# is_as BEFORE UNIT: as unit_now had it. A controller that systemd turns on in its parent brings new files, which say nothing.
is_as() {
	diff <(echo "$1") <(unit_now "$2" | awk -F : 'NR == FNR { had[$1] = 1; next }
		!/:/ || ($1 in had) || $2 !~ /^(|0|max|member|default 100)$/' <(echo "$1") -)
}

# behind COMMAND: from now on vmcg runs in a mount namespace in which the command has been run.
behind() {
	cat >"$T/vmcg" <<-END
		#!/bin/sh
		exec unshare -m sh -e -c '$1
			exec "\$0" "\$@"' "$VMCG" "\$@"
	END
	chmod +x "$T/vmcg"
	VMCG=$T/vmcg
}

stop_bus() {
	BUS_STOPPED=1
	systemctl stop dbus.socket dbus.service
	wait_until unit_is dbus.service inactive
	! busctl --no-pager list >/dev/null 2>&1 || fail "there is still a bus"
}

readonly no_private='mount --bind /dev/null /run/systemd/private;'
readonly no_bus='mount --bind /dev/null /run/dbus/system_bus_socket;'

# It has its KVM VM and its processors, and does not start them (-S): the processors that these machines emulate do not bear it.
@test "systemd: a QEMU with KVM is found, placed, limited, and outlives its scope" {
	mkfifo "$T/qmp.in" "$T/qmp.out"
	exec {TO}<>"$T/qmp.in" {FROM}<>"$T/qmp.out"
	bash -c 'qemu-system-x86_64 -S -machine microvm -accel kvm -nodefaults -no-user-config -display none -m 32 \
		-chardev pipe,id=qmp,path="$0" -mon chardev=qmp,mode=control & trap "kill $!" TERM; wait' \
		"$T/qmp" </dev/null >"$T/qemu.out" 2>&1 3>&- &
	INIT=$!
	disown "$INIT"
	STARTED+=("$INIT")
	qmp '"qmp_capabilities"' '"return"' || fail "$(cat "$T/qemu.out")"
	VM=$(pgrep -P "$INIT")
	STARTED+=("$VM")
	HOME_GROUPS=$(cat "/proc/$VM/cgroup")

	hook createRuntime "$INIT"
	expect 0
	[ "$(record .vm.pid)" = "$VM" ]
	in_scope "$VM"
	# Every thread has come along, and QEMU is well.
	for task in /proc/"$VM"/task/*; do
		diff "$task/cgroup" "/proc/$VM/cgroup"
	done
	qmp '"query-status"' '"status": "prelaunch"'
	# Hot-plug: QEMU itself opens what it is let at, and nothing else.
	qmp '"netdev_add", "arguments": {"type": "tap", "id": "n0", "ifname": "vmcg0", "script": "no", "downscript": "no", "vhost": true}' '"return"'
	qmp '"chardev-add", "arguments": {"id": "x", "backend": {"type": "file", "data": {"out": "/dev/loop-control", "append": true}}}' \
		'Operation not permitted'

	goes_home
	qmp '"query-status"' '"status": "prelaunch"'
	# The socket of the network that was plugged in keeps the dead group, and what was attached to it, until QEMU ends.
	wait_until only_programs_remain || fail "$(remains)"
	kill "$VM"
	nothing_left
}

only_programs_remain() {
	! remains | grep -qv '^program'
}

# qmp COMMAND WANT: give QEMU a command; its next answer that is no event must have this.
qmp() {
	local line

	echo "{\"execute\": $1}" >&"$TO"
	while read -r -t 60 -u "$FROM" line; do
		[[ $line = *'"return"'* || $line = *'"error"'* ]] || continue
		[[ $line = *"$2"* ]] || fail "QEMU says $line" || return
		return 0
	done
	fail "QEMU does not answer"
}

@test "systemd: 50 containers at once, eight at a time" {
	local i k config workers=()

	config=$(<"$BUNDLE/config.json")
	for i in {1..50}; do
		sleep 1000 3>&- &
		disown $!
		STARTED+=("$!")
		printf '{"ociVersion": "1.0.2", "id": "%s", "status": "creating", "pid": %d}\n%s\n' "$NAME-$i" "$!" \
			"${config/"$CG"/system.slice:$NAME:$i}" >"$T/input.$i"
	done
	HOME_GROUPS=$(</proc/self/cgroup)
	for i in {1..8}; do
		for ((k = i; k <= 50; k += 8)); do
			"$VMCG" --root "$ROOT" --policy "$POLICY" createRuntime <"$T/input.$k" || echo "createRuntime $k"
			grep -q "/system.slice/$NAME-$k.scope" "/proc/${STARTED[k - 1]}/cgroup" || echo "$k is not in its scope"
			"$VMCG" --root "$ROOT" --policy "$POLICY" poststop <"$T/input.$k" || echo "poststop $k"
		done >"$T/worker.$i" 2>&1 3>&- &
		workers+=("$!")
	done
	wait "${workers[@]}"
	said=$(cat "$T"/worker.*)
	[ -z "$said" ] || fail "$said"
	nothing_left
	for i in "${STARTED[@]}"; do
		[ "$(<"/proc/$i/cgroup")" = "$HOME_GROUPS" ]
	done
}

@test "systemd: without a message bus the private socket serves" {
	stop_bus
	start_vm_at_home
	hook createRuntime "$VM"
	expect 0
	in_scope
	goes_home
	nothing_left
}

@test "systemd: without the private socket the message bus serves" {
	behind "$no_private"
	start_vm_at_home
	hook createRuntime "$VM"
	expect 0
	in_scope
	goes_home
	nothing_left
}

@test "systemd: with neither, setup is refused with the reason and nothing is left" {
	behind "$no_private $no_bus"
	start_vm_at_home
	hook createRuntime "$VM"
	expect 4 /run/systemd/private /run/dbus/system_bus_socket
	one_line
	[ "$(cat "/proc/$VM/cgroup")" = "$HOME_GROUPS" ]
	nothing_left
}

@test "systemd: reachable at setup and not at poststop: the VM goes home, the rest follows" {
	local vmcg=$VMCG

	start_vm_at_home
	hook createRuntime "$VM"
	expect 0
	behind "$no_private $no_bus"
	poststop
	[ "$(cat "/proc/$VM/cgroup")" = "$HOME_GROUPS" ]
	VMCG=$vmcg
	poststop
	expect 0
	nothing_left
}

@test "systemd: without libsystemd setup is refused and says so" {
	library=$(ldconfig -p | sed -n 's/.*libsystemd\.so\.0 .*=> //p' | head -n 1)
	behind "mount --bind /dev/null $(readlink -f "$library");"
	start_vm_at_home
	hook createRuntime "$VM"
	expect 4 libsystemd
	one_line
	[ "$(cat "/proc/$VM/cgroup")" = "$HOME_GROUPS" ]
	nothing_left
}

@test "systemd: a unit that a former setup of this id left is taken down first" {
	local former

	start_vm_at_home
	former=$VM
	hook createRuntime "$VM"
	expect 0
	start_vm
	hook createRuntime "$VM"
	expect 0
	in_scope
	[ "$(cat "/proc/$former/cgroup")" = "$HOME_GROUPS" ]
	goes_home
	nothing_left
}

@test "systemd: a failed unit of the name is no obstacle" {
	FOREIGN=$UNIT
	systemd-run --quiet --scope --unit="$UNIT" --slice=system.slice -p RuntimeMaxSec=100ms sleep 1000 \
		</dev/null >/dev/null 2>&1 3>&- &
	disown $!
	wait_until unit_is "$UNIT" failed
	start_vm_at_home
	hook createRuntime "$VM"
	expect 0
	in_scope
	goes_home
	nothing_left
}

@test "systemd: a live unit of the name that is not vmcg's is refused and stays as it is" {
	local slice before

	start_vm_at_home
	for slice in system.slice machine.slice; do
		foreign_scope "$UNIT" --slice="$slice" -p TasksMax=33
		before=$(unit_now "$UNIT")
		hook createRuntime "$VM"
		[ "$status" -eq 4 ] || [ "$status" -eq 5 ] || fail "exit $status: $err"
		[[ $err = *"$UNIT"* ]]
		one_line
		diff <(echo "$before") <(unit_now "$UNIT")
		kill -0 "$SLEEPER"
		[ "$(cat "/proc/$VM/cgroup")" = "$HOME_GROUPS" ]
		systemctl stop "$UNIT"
		wait_until nothing_remains
	done
	nothing_left
}

@test "systemd: a VM that is dead, or a zombie, before the start" {
	start_vm
	kill -KILL "$VM"
	wait_until ! kill -0 "$VM" 2>/dev/null
	hook createRuntime "$VM"
	expect 4
	nothing_left

	# Its parent never waits.
	bash -c 'sleep 1000 & echo $! >"$0"; exec sleep 1000' "$T/zombie" 3>&- &
	STARTED+=("$!")
	disown $!
	wait_until test -s "$T/zombie"
	VM=$(cat "$T/zombie")
	kill -KILL "$VM"
	wait_until grep -q '^State:.Z' "/proc/$VM/status"
	hook createRuntime "$VM"
	expect 4
	nothing_left
}

@test "systemd: a VM that dies while its scope starts" {
	local i

	for i in 0 0.03 0.06 0.1 0.15 0.2 0.3; do
		start_vm
		(sleep "$i" && kill -KILL "$VM") 3>&- &
		hook createRuntime "$VM"
		wait $!
		[ "$status" -eq 0 ] || [ "$status" -eq 4 ] || [ "$status" -eq 5 ] || fail "after $i: exit $status: $err"
		echo "after $i s: exit $status"
		poststop
		expect 0
		nothing_left
	done
}

@test "systemd: a VM that has died after the start" {
	start_vm
	hook createRuntime "$VM"
	expect 0
	kill -KILL "$VM"
	wait_until ! kill -0 "$VM" 2>/dev/null
	poststop
	expect 0
	nothing_left
}

@test "systemd: what the VM has forked is moved out with it" {
	start_vm_at_home
	hook createRuntime "$VM"
	expect 0
	fork_vm
	inside "$CHILD"
	goes_home
	[ "$(cat "/proc/$CHILD/cgroup")" = "$HOME_GROUPS" ]
	nothing_left
}

@test "systemd: a sibling unit keeps its limits and its devices" {
	local before

	foreign_scope "$NAME-sibling.scope" --slice=system.slice -p TasksMax=44 -p MemoryMax=64M -p CPUWeight=55 \
		-p DevicePolicy=closed -p DeviceAllow='/dev/fuse rw'
	before=$(unit_now "$FOREIGN")
	start_vm_at_home
	hook createRuntime "$VM"
	expect 0
	in_scope
	is_as "$before" "$FOREIGN"
	goes_home
	is_as "$before" "$FOREIGN"
	systemctl stop "$FOREIGN"
	nothing_left
}
