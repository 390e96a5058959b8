#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# check - what drifts under a real systemd and a real runtime: properties, files behind systemd's
# back, reloads; and update puts it right

load matrix
load ../../root/drift

setup() {
	place "$(field_of caller)" "$(field_of manager)"
}

teardown() {
	clear_away
}

# Each test's name ends in its caller and its manager.
field_of() {
	local words

	read -r -a words <<<"$BATS_TEST_DESCRIPTION"
	case $1 in
	caller) echo "${words[-2]}" ;;
	manager) echo "${words[-1]}" ;;
	esac
}

in_scope() {
	TARGET=/system.slice/$UNIT
	limits '.memory.limit = 268435456 | .cpu = {quota: 80000, period: 100000, cpus: "0"} | .pids.limit = 64'
	start_vm
	hook createRuntime "$VM"
	expect 0 || return
	inside "$VM"
}

# Rows of one kind among all that there are: has KIND PATTERN
has() {
	jq -r '.drift[] | [.what, .where, .recorded // "-", .live // "-"] | join("|")' "$T/out" >"$T/rows"
	while IFS= read -r row; do
		# shellcheck disable=SC2053 # a pattern
		[[ $row != $1 ]] || return 0
	done <"$T/rows"
	fail "no row $1:" "$(cat "$T/rows")"
}

@test "a scope is as recorded, and after a reload, too: own systemd" {
	in_scope
	as_recorded
	[[ $(vmcg check "$ID" && echo "$out") = *", unit $UNIT)"* ]]
	systemctl daemon-reload
	as_recorded
	poststop
	expect 0
	nothing_left
}

@test "a property is changed: the unit and the file say so: own systemd" {
	in_scope
	systemctl set-property --runtime "$UNIT" TasksMax=100
	check
	expect 7
	has "unit|$UNIT TasksMax|64|100"
	has "value|*/pids.max|64|100"
	[ "$(jq '.drift | length' "$T/out")" -eq 2 ]
	repaired
	systemctl daemon-reload
	as_recorded
	poststop
	expect 0
	nothing_left
}

@test "a file is changed behind systemd's back: own systemd" {
	in_scope
	echo 30 >"$(controller_path pids "$TARGET")/pids.max"
	drifted "value|*/pids.max|64|30"
	repaired
	poststop
	expect 0
	nothing_left
}

@test "a device more in the unit, a device less: own systemd" {
	in_scope
	systemctl set-property --runtime "$UNIT" "DeviceAllow=/dev/loop-control rw"
	check
	expect 7
	has "unit|$UNIT DeviceAllow|-|/dev/loop-control rw"
	repaired
	poststop
	expect 0
	nothing_left
}

@test "our program beside systemd's, detached: own systemd" {
	[ "$(version_of devices)" = 2 ] || cannot "no cgroup v2 hierarchy for devices is mounted"
	in_scope
	"$BUILD/root/devprogram" "${MOUNT[unified]}$TARGET" detach vmcg
	drifted "devices|${MOUNT[unified]}$TARGET|vmcg_dev *|-"
	repaired
	poststop
	expect 0
	nothing_left
}

@test "the scope is gone, and its VM with it: own systemd" {
	in_scope
	systemctl stop "$UNIT"
	wait_until ! kill -0 "$VM" 2>/dev/null
	check
	expect 7 "the VM is gone"
	has "unit|$UNIT|active|not loaded"
	has "group|*|there|gone"
	has "process|*|running|gone"
	vmcg destroy "$ID"
	expect 0
	nothing_left
}

@test "systemd cannot be reached: no silent pass: own systemd" {
	in_scope
	status=0
	unshare -m sh -e -c 'mount --bind /dev/null /run/systemd/private
		mount --bind /dev/null /run/dbus/system_bus_socket
		exec "$0" "$@"' "$VMCG" --root "$ROOT" --policy "$POLICY" check "$ID" >"$T/out" 2>"$T/err" || status=$?
	[ "$status" -eq 4 ]
	grep -q "the properties of $UNIT cannot be compared" "$T/err"
	[ ! -s "$T/out" ]
	poststop
	expect 0
	nothing_left
}

# A real container that was adopted: as recorded, after a reload, and after one value was changed.
adopted() {
	make_rootfs
	make_bundle
	start_container
	as_recorded
	if [ "$MANAGER" = systemd ]; then
		systemctl daemon-reload
		check
		# What the runtime cannot tell systemd a reload may take away (README); it is told, and repaired.
		[ "$status" -eq 0 ] || [ "$status" -eq 7 ]
		repaired
	fi
	dir=$(controller_path pids "$(record '.steps[] | select(.file == "pids.max").path' | head -n 1)")
	before=$(cat "$dir/pids.max")
	echo 99 >"$dir/pids.max"
	drifted "value|$dir/pids.max|64|99"
	repaired
	[ "$(cat "$dir/pids.max")" = "$before" ]
	container delete
	nothing_left
}

@test "an adopted container: runc cgroupfs" {
	adopted
}

@test "an adopted container: runc systemd" {
	adopted
}

@test "an adopted container: crun systemd" {
	[ "$(layout)" != hybrid ] || cannot "crun refuses hybrid hosts"
	adopted
}
