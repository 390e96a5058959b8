#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# gc - what is recorded but dead goes, and what lives is not touched: dead VMs, setups that were
# killed, another boot, numbers that came round again, records that cannot be read or are at work

load lib

setup() {
	prepare
}

teardown() {
	finish
}

# In the emulated guests a command is dear.
MANY=${VMCG_RIG_GUEST:+20}
MANY=${MANY:-200}

# A VM process in a group with a limit, as the first thing of most tests.
set_up() {
	start_vm
	limits '.pids.limit = 20'
	hook createRuntime "$VM"
	expect 0
}

end_vm() {
	kill -KILL "$1"
	wait_until ! kill -0 "$1" 2>/dev/null
}

# put PID PATH: into a group in every hierarchy.
put() {
	local mount

	for mount in $(hierarchies); do
		echo "$1" >"$mount$2/cgroup.procs"
	done
}

# edit [JQ-OPTION...] FILTER: the record, by hand.
edit() {
	jq -c "$@" "$ROOT/$ID.json" >"$T/edited"
	cat "$T/edited" >"$ROOT/$ID.json"
}

# gc [OPTION...]: the JSON form, whose rows are then asked for by said.
gc() {
	vmcg --format json "$@" gc
	jq -e 'type == "array" and all(.[]; (keys - ["action", "id", "why"]) == []
		and all(.[]; type == "string" and . != ""))' "$T/out" || fail "not as documented:" "$out"
}

# said ACTION WORD...: of the container $ID.
said() {
	local action=$1 why word

	[ "$(jq -r --arg id "$ID" '.[] | select(.id == $id).action' "$T/out")" = "$action" ] ||
		fail "not \"$action\":" "$out" || return
	why=$(jq -r --arg id "$ID" '.[] | select(.id == $id).why' "$T/out")
	shift
	for word; do
		[[ $why = *"$word"* ]] || fail "the reason lacks \"$word\":" "$why" || return
	done
}

# Nothing of any container is left, neither groups nor files.
all_gone() {
	[ -z "$(leftovers)" ] || fail "left:" "$(leftovers)"
}

# --- the dead ---

@test "a dead VM: its group and its record go" {
	set_up
	end_vm "$VM"
	[ "$(groups_here | wc -l)" -ge 1 ]
	vmcg gc
	expect 0
	[ -z "$err" ]
	[ "$(head -n 1 <<<"$out" | xargs)" = "ID ACTION WHY" ]
	[[ $out = *"$ID "*"taken down"*"the VM is gone"* ]]
	all_gone
	vmcg gc
	expect 0
	[ -z "$err" ]
	[[ $out = *"no records"* ]]
}

@test "a dead VM whose group is gone, too" {
	set_up
	end_vm "$VM"
	remove_groups
	gc
	expect 0
	said "taken down" "the VM and its cgroup are gone"
	all_gone
}

@test "child groups that the dead VM has left" {
	start_vm
	CG=/$NAME/pod/vm
	config_json
	hook createRuntime "$VM"
	expect 0
	for mount in $(hierarchies); do
		mkdir -p "$mount$CG/a/b"
	done
	end_vm "$VM"
	gc
	expect 0
	said "taken down"
	all_gone
}

@test "many dead at once" {
	start_vm
	for ((i = 0; i < MANY; i++)); do
		ID=$NAME-$i
		printf '{"linux": {"cgroupsPath": "%s", "resources": {"pids": {"limit": %d}}}}' "/$NAME/$i" $((i + 9)) \
			>"$BUNDLE/config.json"
		hook createRuntime "$VM"
		expect 0
	done
	end_vm "$VM"
	gc
	expect 0
	[ "$(jq -c 'map(.action) | unique' "$T/out")" = '["taken down"]' ]
	[ "$(jq length "$T/out")" -eq "$MANY" ]
	all_gone
}

# --- the living ---

@test "a VM that runs keeps its group, its values and its record" {
	set_up
	before=$(snapshot_host)
	cp "$ROOT/$ID.json" "$T/record"
	vmcg gc
	expect 0
	[[ $out = *"$ID "*"lives"*"VM process $VM runs"* ]]
	[[ $out != *destroy* ]]
	unchanged "$before"
	cmp "$T/record" "$ROOT/$ID.json"
	[ "$(cgfile pids pids.max)" = 20 ]
	sits_in "$VM" "$CG"
	poststop
	expect 0
}

@test "the living among the dead" {
	set_up
	living=$VM
	before=$(snapshot_host)
	start_vm
	dead=$VM
	ID=$NAME-dead
	config_json ".linux.cgroupsPath = \"/$NAME-dead\""
	hook createRuntime "$dead"
	expect 0
	end_vm "$dead"
	gc
	expect 0
	said "taken down"
	ID=$NAME
	said lives "VM process $living runs"
	unchanged "$before"
	poststop
	expect 0
}

@test "a VM that somebody has moved out of its group still lives" {
	set_up
	make_group "/$NAME-elsewhere"
	put "$VM" "/$NAME-elsewhere"
	before=$(snapshot_host)
	gc
	expect 0
	said lives "VM process $VM runs"
	unchanged "$before"
	poststop
	expect 0
}

@test "the VM is dead, another process is in the group" {
	set_up
	end_vm "$VM"
	start_vm
	home=$(cat "/proc/$VM/cgroup")
	put "$VM" "$CG"
	before=$(snapshot_host)
	gc
	expect 0
	said lives "1 process is in" "$CG" "vmcg destroy $ID"
	unchanged "$before"
	sits_in "$VM" "$CG"
	vmcg destroy "$ID"
	expect 0
	[ "$(cat "/proc/$VM/cgroup")" = "$home" ]
	all_gone
}

@test "the VM is dead, somebody else is in a group below it, in one hierarchy only" {
	set_up
	end_vm "$VM"
	start_vm
	mount=$(controller_mount pids)
	mkdir "$mount$CG/theirs"
	echo "$VM" >"$mount$CG/theirs/cgroup.procs"
	before=$(snapshot_host)
	gc
	expect 0
	said lives "1 process is in" "$mount$CG"
	unchanged "$before"
	end_vm "$VM"
	gc
	expect 0
	said "taken down"
	all_gone
}

@test "the container's init lives, its VM does not" {
	start_vm
	init=$VM
	start_vm
	config_json
	hook createRuntime "$init" --vm-pid "$VM"
	expect 0
	end_vm "$VM"
	before=$(snapshot_host)
	gc
	expect 0
	said lives "init, process $init, runs"
	unchanged "$before"
	end_vm "$init"
	gc
	expect 0
	said "taken down" "its cgroup is empty"
	all_gone
}

@test "a group for a VM that nobody has named yet" {
	config_json
	hook createRuntime 0 --vm-pid-file "$T/later"
	expect 0
	before=$(snapshot_host)
	gc
	expect 0
	said lives "no process of it is known yet" "vmcg destroy $ID"
	unchanged "$before"
	vmcg destroy "$ID"
	expect 0
}

@test "adopted: lives with its init, and is forgotten after it" {
	make_group "$CG"
	start_vm
	put "$VM" "$CG"
	limits '.pids.limit = 20'
	hook createRuntime "$VM"
	expect 0
	[ "$(record .mode)" = adopt ]
	before=$(snapshot_host)
	gc
	expect 0
	said lives "VM process $VM runs"
	unchanged "$before"
	end_vm "$VM"
	# the runtime has made another container of the same path by now
	start_vm
	put "$VM" "$CG"
	gc
	expect 0
	said "taken down" "the container is gone"
	sits_in "$VM" "$CG"
	all_gone
}

# --- half-done ---

full_plan() {
	config_json --argjson c "$(facts -c .controllers)" '.linux.resources |= (.
		| if ($c | index("cpu")) then .cpu += {shares: 512} else . end
		| if ($c | index("pids")) then .pids = {limit: 64} else . end)'
	plan "$VM"
	STEPS=$(jq '.steps | length' "$T/plan")
}

# killed STEP: a setup that kill -9 ended there.
killed() {
	VMCG=$VMCG_TEST VMCG_FAULT=$1:0 hook createRuntime "$VM"
	[ "$status" -eq 137 ] || fail "step $1: exit $status, not killed" "$err"
	[ "$(record .status)" = intent ]
}

@test "a setup that was killed, of a VM that is dead" {
	need_test_build
	CG=/$NAME/pod/vm
	start_vm
	full_plan
	for k in 1 $((STEPS / 3)) $((STEPS / 2)) $((2 * STEPS / 3)) "$STEPS"; do
		killed "$k"
		end_vm "$VM"
		gc
		expect 0
		said "taken down" "its setup is half-done" || fail "killed at step $k of $STEPS"
		all_gone || fail "killed at step $k of $STEPS"
		start_vm
	done
}

@test "a setup that was killed, of a VM that lives" {
	need_test_build
	CG=/$NAME/pod/vm
	start_vm
	full_plan
	clean=$(snapshot_host)
	for k in 2 "$STEPS"; do
		killed "$k"
		before=$(snapshot_host)
		gc
		expect 0
		said lives "VM process $VM runs" "its setup is half-done" "vmcg destroy $ID"
		unchanged "$before"
		vmcg destroy "$ID"
		expect 0
		unchanged "$clean"
	done
}

@test "a teardown that was killed: finished for the dead, left alone for the living" {
	set_up
	edit '.status = "leaving"'
	before=$(snapshot_host)
	gc
	expect 0
	said lives "its teardown is half-done" "vmcg destroy $ID"
	unchanged "$before"
	end_vm "$VM"
	gc
	expect 0
	said "taken down" "its teardown is half-done"
	all_gone
}

@test "a teardown killed between any two system calls that change something" {
	[ ! "${VMCG_RIG_GUEST:-}" ] || cannot "strace is dear under emulation"
	for call in unlinkat renameat; do
		for ((k = 1; k <= 3; k++)); do
			set_up
			end_vm "$VM"
			{ strace -f -o /dev/null -e "inject=$call:signal=KILL:when=$k" \
				"$VMCG" --root "$ROOT" --policy "$POLICY" gc >"$T/out" 2>"$T/err"; } 2>/dev/null || true
			gc
			expect 0
			all_gone || fail "$call, the ${k}th"
		done
	done
}

# On v1 a container is frozen while systemd changes its unit, and its record says so before. Elsewhere
# only the record can say it.
@test "a living VM that was left frozen is thawed" {
	set_up
	stands=$(snapshot_host)
	state=/dev/null
	if [ "${MOUNT[freezer]:-}" ]; then
		state=${MOUNT[freezer]}$CG/freezer.state
		echo FROZEN >"$state"
		wait_until grep -qx FROZEN "$state"
	fi
	edit '.frozen = true'
	before=$(snapshot_host; cat "$state")
	gc --dry-run
	expect 0
	said lives "VM process $VM runs" "would be thawed"
	diff <(echo "$before") <(snapshot_host; cat "$state")
	gc
	expect 0
	said lives "VM process $VM runs" "is thawed"
	[ "$state" = /dev/null ] || [ "$(cat "$state")" = THAWED ]
	[ "$(ask affinity)" ]
	unchanged "$stands"
	gc
	said lives
	[[ $out != *frozen* ]]
	poststop
	expect 0
}

# --- numbers that mean something else by now ---

@test "another boot: the record goes, a group of the same path is not touched" {
	make_group "$CG"
	set_up
	edit '.boot = "00000000-0000-0000-0000-000000000000"'
	stands() { snapshot_host | grep -v "^$ROOT"; }
	before=$(stands)
	gc
	expect 0
	said "taken down" "the host was rebooted"
	diff <(echo "$before") <(stands)
	sits_in "$VM" "$CG"
	[ -z "$(ls "$ROOT")" ]
}

@test "the number of the VM is another process's: it is neither killed nor moved" {
	echo '{"on_stop": "kill"}' >"$POLICY"
	set_up
	make_group "/$NAME-other"
	edit '.vm.start += 1 | .init.start += 1'
	# in the group it is somebody else, who needs it
	gc
	expect 0
	said lives "1 process is in" "vmcg destroy $ID"
	sits_in "$VM" "$CG"
	# elsewhere it does not matter
	put "$VM" "/$NAME-other"
	gc
	expect 0
	said "taken down" "its cgroup is empty"
	sits_in "$VM" "/$NAME-other"
	kill -0 "$VM"
	all_gone
}

# --- records that cannot be dealt with ---

@test "a record that cannot be read does not stop the others" {
	start_vm
	for ID in "$NAME-1" "$NAME-2" "$NAME-3" "$NAME-4"; do
		config_json ".linux.cgroupsPath = \"/$ID\""
		hook createRuntime "$VM"
		expect 0
	done
	end_vm "$VM"
	head -c 300 "$ROOT/$NAME-1.json" >"$T/cut"
	cp "$T/cut" "$ROOT/$NAME-1.json"
	ID=$NAME-3
	cp "$ROOT/$ID.json" "$T/whole"
	edit '.vmcg = 99'
	gc
	expect 4 "$ROOT/$NAME-1.json" "$ROOT/$NAME-3.json" "2 of 4 records"
	said unreadable "$ROOT/$ID.json"
	ID=$NAME-1
	said unreadable "$ROOT/$ID.json"
	for ID in "$NAME-2" "$NAME-4"; do
		said "taken down"
		[ ! -e "$ROOT/$ID.json" ]
	done
	# as it was
	cmp "$T/cut" "$ROOT/$NAME-1.json"
	ID=$NAME-3
	cp "$T/whole" "$ROOT/$ID.json"
	gc
	expect 4
	said "taken down"
	# as the message says: look at it, remove the group by hand
	for mount in $(hierarchies); do
		rmdir "$mount/$NAME-1"
	done
	rm "$ROOT/$NAME-1.json"
	gc
	expect 0
	all_gone
}

@test "a record whose id somebody works on is left to him" {
	set_up
	end_vm "$VM"
	exec {lock}<>"$ROOT/$ID.lock"
	flock -n "$lock"
	before=$(snapshot_host)
	gc
	expect 0
	said busy
	unchanged "$before"
	gc --dry-run
	expect 0
	said busy
	flock -u "$lock"
	gc
	expect 0
	said "taken down"
	all_gone
}

@test "what cannot be taken down stays, and the others go on" {
	for ID in "$NAME-1" "$NAME-2" "$NAME-3"; do
		start_vm
		config_json ".linux.cgroupsPath = \"/$ID\""
		hook createRuntime "$VM"
		expect 0
		end_vm "$VM"
	done
	# killed while it asked for a scope: only systemd knows whether there is one
	ID=$NAME-2
	edit --arg unit "$ID.scope" '.status = "intent" | .manager = "systemd" | .unit = $unit | .slice = "system.slice"
		| .steps = [{op: "start", controller: "", path: ("/system.slice/" + $unit), value: $unit, why: "default",
			fresh: true}] + .steps'
	gc
	if [ "$(facts .systemd)" -eq 0 ]; then
		expect 6 "$ID" "1 of 3 records"
		said failed systemd "vmcg destroy $ID"
		[ -e "$ROOT/$ID.json" ]
	fi
	for ID in "$NAME-1" "$NAME-3"; do
		said "taken down"
		[ ! -e "$ROOT/$ID.json" ]
	done
	rm -f "$ROOT/$NAME-2."*
}

@test "the host does not let us look: nothing is touched" {
	set_up
	end_vm "$VM"
	cp "$ROOT/$ID.json" "$T/record"
	edit '.mounts |= map(.path = "/no/such/cgroup")'
	gc
	expect 4 /no/such/cgroup
	said failed /no/such/cgroup
	[ -e "$ROOT/$ID.json" ]
	cp "$T/record" "$ROOT/$ID.json"
	gc
	expect 0
	all_gone
}

# --- dry run, forms, files ---

@test "a dry run says what would be done, and does not even make a file" {
	set_up
	living=$ID
	start_vm
	ID=$NAME-dead
	config_json ".linux.cgroupsPath = \"/$ID\""
	hook createRuntime "$VM"
	expect 0
	end_vm "$VM"
	rm "$ROOT/$ID.lock"
	touch "$ROOT/stale.lock" "$ROOT/$ID.json.new"
	before=$(snapshot_host)
	gc --dry-run
	expect 0
	said "would be taken down" "the VM is gone"
	ID=$living said lives
	unchanged "$before"
	vmcg --dry-run gc
	[[ $out = *"would be taken down"* ]]
	unchanged "$before"
	gc
	expect 0
	said "taken down"
	ID=$living
	poststop
	expect 0
	all_gone
}

@test "no records, and no run directory" {
	gc
	expect 0
	[ "$(jq -c . "$T/out")" = "[]" ]
	vmcg gc
	expect 0
	[ "$out$err" = "$ROOT: no records" ]
	ROOT=$T/nowhere vmcg gc
	expect 0
	[ "$out$err" = "$T/nowhere: no records" ]
	[ ! -e "$T/nowhere" ]
}

@test "stale locks and halves of records go, those of a writer at work stay" {
	set_up
	before=$(snapshot_host)
	touch "$ROOT/a.lock" "$ROOT/b.json.new" "$ROOT/c.note" "$ROOT/$ID.json.new" "$ROOT/$ID.note" \
		"$ROOT/busy.lock" "$ROOT/busy.json.new"
	exec {lock}<>"$ROOT/busy.lock"
	flock -n "$lock"
	gc
	expect 0
	[ "$(jq -c 'map(.id)' "$T/out")" = "[\"$ID\"]" ]
	[ -e "$ROOT/busy.json.new" ]
	[ "$(cd "$ROOT" && echo *)" = "busy.json.new busy.lock $ID.json $ID.lock" ]
	flock -u "$lock"
	gc
	unchanged "$before"
	poststop
	expect 0
}
