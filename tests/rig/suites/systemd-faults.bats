#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# systemd-faults - each step of a setup that asks systemd fails, or is the last that is taken
#
# The test build fails a step, or ends there as kill -9 would. Afterwards the VM sits where it came
# from, and there is no unit, cgroup or record.

load matrix

setup() {
	place own systemd
	need_test_build
	VMCG=$VMCG_TEST
	limits '.memory = {limit: 268435456, swap: 268435456} |
		.cpu = {quota: 80000, period: 100000, burst: 1000, cpus: "0"} | .pids.limit = 64'
	start_vm
	HOME_GROUPS=$(cat "/proc/$VM/cgroup")
}

teardown() {
	clear_away
}

at_home() {
	[ "$(cat "/proc/$VM/cgroup")" = "$HOME_GROUPS" ] || fail "$1: not where it came from:" "$(cat "/proc/$VM/cgroup")"
}

no_unit() {
	[ -z "$(systemctl list-units --all --plain --no-legend "$UNIT")" ] ||
		fail "$1: a unit is left:" "$(systemctl list-units --all --plain --no-legend "$UNIT")"
}

nothing_left() {
	at_home "$1" && no_unit "$1" && [ ! -e "$ROOT/$ID.json" ] || fail "$1: a record is left"
	[ -z "$(groups_here)" ] || fail "$1: a cgroup is left:" "$(groups_here)"
}

# every_step ERRNO CHECK: setups that are broken off at step 1, 2, ... until one gets to its end.
every_step() {
	local errno=$1 check=$2 k

	for ((k = 1; k < 60; k++)); do
		VMCG_FAULT=$k:$errno hook createRuntime "$VM"
		[ "$status" -ne 0 ] || break
		"$check" "step $k" || return
	done
	[ "$k" -gt 5 ] || fail "only $k steps: $err" || return
	inside "$VM" || return
	poststop
	expect 0
	nothing_left "after all"
}

undone() {
	[ "$status" -eq 5 ] || [ "$status" -eq 4 ] || fail "$1: exit $status: $err" || return
	[[ $err = *"everything was undone"* ]] || fail "$1: $err" || return
	nothing_left "$1"
}

finished_by_poststop() {
	[ -e "$ROOT/$ID.json" ] || fail "$1: no record" || return
	poststop
	expect 0 || return
	nothing_left "$1"
}

finished_by_next_setup() {
	hook createRuntime "$VM"
	expect 0 || return
	inside "$VM" || return
	poststop
	expect 0 || return
	nothing_left "$1"
}

@test "a scope: a step that fails takes every earlier one back" {
	every_step 28 undone
}

@test "a scope: a setup that is killed at any step is taken down by poststop" {
	every_step 0 finished_by_poststop
}

@test "a scope: a setup that is killed at any step is finished by the next one" {
	every_step 0 finished_by_next_setup
}
