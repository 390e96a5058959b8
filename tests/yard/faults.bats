#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# faults - every step of setup made to fail, and the program killed at every step
#
# As many steps as the plan has are tried, so a new kind is tried without a word here.

load lib

teardown() { finish; }

# How many steps the plan has.
steps() {
	stage plan --host "$Y/host.json" --state - --format json | grep -c '"op":'
}

# A step that fails: exit 5, one error line that says so, no record, the tree as it was.
fail_at_each_step() {
	local before n k code out

	before=$(tree) n=$(steps)
	[ "$n" -ge "$1" ] || fail "only $n steps"
	for ((k = 1; k <= n; k++)); do
		code=0
		out=$(VMCG_FAULT=$k:28 stage createRuntime 2>&1) || code=$?
		[ $code -eq 5 ] || fail "step $k: exit $code: $out"
		[[ $out = *"step $k: fault on purpose"*"No space left on device"*"everything was undone"* ]] ||
			fail "step $k: $out"
		same_tree "$before" || fail "step $k"
		no_record
	done
}

# Killed: what is left is a record, and destroy finishes the undo.
kill_at_each_step() {
	local before n k code

	before=$(tree) n=$(steps)
	for ((k = 1; k <= n; k++)); do
		code=0
		(VMCG_FAULT=$k:0 stage createRuntime) 2>/dev/null || code=$?
		[ $code -eq 137 ] || fail "step $k: exit $code, not killed"
		[ -e "$R/$ID.json" ] || fail "step $k: no record"
		vmcg destroy "$ID" || fail "step $k"
		same_tree "$before" || fail "step $k"
		no_record
	done
}

# Killed, and the runtime calls again: the rest is taken down first, then all is set up.
start_over_at_each_step() {
	local before wanted n k out

	before=$(tree) n=$(steps)
	stage createRuntime
	wanted=$(tree)
	vmcg destroy "$ID"
	for ((k = 1; k <= n; k++)); do
		(VMCG_FAULT=$k:0 stage createRuntime) 2>/dev/null || true
		out=$(stage createRuntime 2>&1) || fail "step $k: $out"
		[[ $out = *"half-done setup"* ]] || fail "step $k: $out"
		same_tree "$wanted" || fail "step $k"
		stage poststop || fail "step $k"
		same_tree "$before" || fail "step $k"
	done
}

@test "legacy: a fault at any step is undone" { prepare legacy; fail_at_each_step 30; }
@test "hybrid: a fault at any step is undone" { prepare hybrid; fail_at_each_step 25; }
@test "unified: a fault at any step is undone" { prepare unified; fail_at_each_step 13; }
@test "adopt: a fault at any step is undone" { prepare adopted; fail_at_each_step 9; }
@test "legacy: killed at any step, destroy finishes" { prepare legacy; kill_at_each_step; }
@test "hybrid: killed at any step, destroy finishes" { prepare hybrid; kill_at_each_step; }
@test "unified: killed at any step, destroy finishes" { prepare unified; kill_at_each_step; }
@test "adopt: killed at any step, destroy finishes" { prepare adopted; kill_at_each_step; }
@test "hybrid: killed at any step, the next setup starts over" { prepare hybrid; start_over_at_each_step; }
@test "unified: killed at any step, the next setup starts over" { prepare unified; start_over_at_each_step; }
