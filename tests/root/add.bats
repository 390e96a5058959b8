#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# add - the daemons that serve a VM join its group, all of them or none, and go back to where each
# came from; who serves more than this VM is left where it is

load lib
load operate

setup() {
	prepare
}

teardown() {
	[ ! -f "${ROOT:-}/$ID.json" ] || vmcg destroy "$ID"
	finish
}

# helpers N: that many processes, the numbers in HELPERS, each in a group of its own outside.
helpers() {
	local i mount

	HELPERS=()
	for ((i = 0; i < $1; i++)); do
		sleep 1000 3>&- &
		disown
		HELPERS+=("$!")
		STARTED+=("$!")
		make_group "/$NAME-home$i"
		for mount in $(hierarchies); do
			echo "$!" >"$mount/$NAME-home$i/cgroup.procs"
		done
	done
}

at_home() {
	local i

	for i in "${!HELPERS[@]}"; do
		! kill -0 "${HELPERS[i]}" 2>/dev/null || sits_in "${HELPERS[i]}" "/$NAME-home$i" || return
	done
}

# A shape of actors, in $ACTOR; what it printed is in $SAID.
act() {
	local out=$T/actor.${#STARTED[@]}

	mkfifo "$out"
	"$BUILD/root/actors" "$1" >"$out" 3>&- &
	ACTOR=$!
	disown
	STARTED+=("$ACTOR")
	read -r -t 10 SAID <"$out"
}

@test "several at once; each is said, recorded, and goes back to where it came from" {
	running '.pids.limit = 50'
	helpers 3
	vmcg add "$ID" "${HELPERS[@]}"
	expect 0
	[ "$(grep -c "sleep placed in $CG" "$T/out")" = 3 ]
	for p in "${HELPERS[@]}"; do
		sits_in "$p" "$CG"
	done
	[ "$(record '[.added[].pid] | sort | join(" ")')" = "$(printf '%s\n' "${HELPERS[@]}" | sort -n | xargs)" ]
	before=$(standing)
	vmcg --format json add "$ID" "${HELPERS[1]}"
	expect 0
	jq -e --argjson p "${HELPERS[1]}" 'length == 1 and .[0].pid == $p and .[0].comm == "sleep" and (.[0].moved | not)' "$T/out"
	untouched "$before"
	vmcg show "$ID"
	expect 0
	[[ $out = *"${HELPERS[2]}"* ]]
	vmcg destroy "$ID"
	expect 0
	at_home
}

@test "poststop takes the helpers back as well" {
	running '.pids.limit = 50'
	helpers 2
	vmcg add "$ID" "${HELPERS[@]}"
	expect 0
	ended "$VM"
	poststop
	expect 0
	at_home
	[ -z "$(groups_here | grep -v "$NAME-home")" ]
}

@test "a process named twice, and a thread for its process" {
	running .
	act thread
	before=$(standing)
	vmcg --dry-run add "$ID" "$SAID" "$ACTOR"
	expect 0
	[ "$out" = "$ACTOR actors would be placed in $CG" ] || fail "$out"
	vmcg --dry-run --format json add "$ID" "$ACTOR"
	expect 0
	[ "$(jq -c '.[] | [.moved, .result]' "$T/out")" = '[false,"would be placed"]' ] || fail "$out"
	untouched "$before"
	vmcg add "$ID" "$SAID" "$ACTOR" "$ACTOR"
	expect 0
	[ "$out" = "$ACTOR actors placed in $CG" ] || fail "$out"
	vmcg --format json add "$ID" "$ACTOR"
	expect 0
	[ "$(jq -c '.[] | [.moved, .result]' "$T/out")" = '[false,"in place"]' ] || fail "$out"
	vmcg add "$ID" 4194305
	expect 2 "4194305: no process can have that number"
	[[ $err != *"add: add:"* ]]
	sits_in "$ACTOR" "$CG"
	[ "$(cut -d: -f3- "/proc/$ACTOR/task/$SAID/cgroup" | sort -u)" = "$CG" ]
	[ "$(record '[.added[].pid] | join(" ")')" = "$ACTOR" ]
}

@test "processes join where the VM's cpus are limited: what bound them elsewhere ends" {
	need_controller cpuset
	[ "$(nproc)" -gt 1 ] || cannot "one processor only"
	running '.cpu.cpus = "0-1"'
	act narrow
	[ "$(awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$ACTOR/status")" = 0 ]
	vmcg add "$ID" "$ACTOR"
	expect 0
	for task in "/proc/$ACTOR/task"/*; do
		[ "$(awk '/^Cpus_allowed_list/ { print $2 }' "$task/status")" = 0-1 ]
	done
}

@test "who must not be moved is refused, and nobody is" {
	running .
	helpers 1
	before=$(standing)
	dead=$(bash -c 'echo $$')
	kernel=$(awk '$7 == 0 && $2 != "(kthreadd)" && $4 == 2 { print $1; exit }' /proc/[0-9]*/stat 2>/dev/null || true)
	act zombie
	zombie=$SAID
	before=$(standing)
	while IFS='|' read -r pid want words; do
		[ "$pid" ] || continue
		IFS=, read -r -a words <<<"$words"
		for order in "$pid ${HELPERS[0]}" "${HELPERS[0]} $pid"; do
			# shellcheck disable=SC2086 # two numbers
			vmcg add "$ID" $order
			expect "$want" "$pid" "${words[@]}" || fail "$order"
			one_line
			[ -z "$out" ]
		done
		untouched "$before" || fail "$pid"
	done <<-END
		1|4|the host's init
		$kernel|4|thread of the kernel
		$dead|4|
		$zombie|4|
		0|2|not a process number
		-1|2|
		12x|2|not a process number
		99999999999|2|no process can have that number
	END
	at_home
	vmcg add "$ID"
	expect 2 add
	vmcg add "$ID-other" "${HELPERS[0]}"
	expect 4 "$ID-other"
}

@test "the container's init stays where its runtime has put it" {
	start_vm --late
	init=$VM
	start_vm
	config_json
	hook createRuntime "$init" --mode own --vm-pid "$VM"
	expect 0
	before=$(standing)
	vmcg add "$ID" "$init"
	expect 4 "$init" "container's init"
	untouched "$before"
}

@test "a process of another container is refused" {
	running .
	one=$VM
	ID=$NAME-two CG=/$NAME-two
	config_json
	start_vm
	hook createRuntime "$VM"
	expect 0
	helpers 1
	vmcg add "$ID" "${HELPERS[0]}"
	expect 0
	before=$(snapshot_host)
	for p in "$VM" "${HELPERS[0]}"; do
		vmcg add "$NAME" "$p"
		expect 4 "$p" "another container"
		unchanged "$before"
	done
	vmcg add "$ID" "$one"
	expect 4 "$one" "another container"
	unchanged "$before"
	vmcg destroy "$ID"
	expect 0
	ID=$NAME CG=/$NAME
	vmcg add "$ID" "${HELPERS[0]}"
	expect 0
	sits_in "${HELPERS[0]}" "$CG"
}

@test "a process below another container's group, and the init of one that a runtime made, are refused" {
	local mount

	running .
	fork_vm
	while read -r mount; do mkdir "$mount$CG/sub"; done < <(hierarchies)
	fill_cpusets "$CG/sub"
	while read -r mount; do echo "$CHILD" >"$mount$CG/sub/cgroup.procs"; done < <(hierarchies)
	below=$CHILD one=$CG
	ID=$NAME-two CG=/$NAME-two
	make_group "$CG"
	start_vm
	init=$VM
	while read -r mount; do echo "$init" >"$mount$CG/cgroup.procs"; done < <(hierarchies)
	config_json
	hook createRuntime "$init"
	expect 0
	[ "$(record .mode)" = adopt ]
	before=$(snapshot_host)
	vmcg add "$ID" "$below"
	expect 4 "$below" "another container, $NAME"
	vmcg add "$NAME" "$init"
	expect 4 "$init" "another container, $NAME-two"
	unchanged "$before"
	vmcg destroy "$ID"
	expect 0
	while read -r mount; do
		echo "$below" >"$mount$one/cgroup.procs"
		rmdir "$mount$one/sub"
	done < <(hierarchies)
	ID=$NAME CG=/$NAME
}

@test "the second of three dies in the middle: the first is back, the record as before" {
	need_test_build
	running .
	helpers 3
	before=$(standing)
	cp "$ROOT/$ID.json" "$T/record"
	for ((k = 1; ; k++)); do
		[ "$k" -lt 60 ] || fail "no end of steps"
		VMCG=$VMCG_TEST VMCG_FAULT=$k:3 vmcg add "$ID" "${HELPERS[@]}"
		[ "$status" != 0 ] || break
		expect 5 "everything was undone"
		at_home
		cmp "$ROOT/$ID.json" "$T/record"
		# All of the host takes a while to look at.
		[ $((k % 10)) != 5 ] || untouched "$before"
	done
	[ "$k" -gt 3 ]
	for p in "${HELPERS[@]}"; do
		sits_in "$p" "$CG"
	done
}

@test "a vmcg that is killed while it places: destroy takes everybody back" {
	need_test_build
	start_vm
	config_json
	helpers 2
	for k in 1 2 4 7; do
		hook createRuntime "$VM"
		expect 0
		VMCG=$VMCG_TEST VMCG_FAULT=$k:0 vmcg add "$ID" "${HELPERS[@]}"
		[ "$status" = 137 ] || [ "$status" = 0 ]
		vmcg destroy "$ID"
		expect 0
		at_home
	done
}

@test "update brings back a helper that was moved away, and the VM" {
	running '.pids.limit = 50'
	helpers 2
	vmcg add "$ID" "${HELPERS[@]}"
	expect 0
	for mount in $(hierarchies); do
		echo "${HELPERS[0]}" >"$mount/$NAME-home0/cgroup.procs"
		echo "$VM" >"$mount/$NAME-home1/cgroup.procs"
	done
	vmcg update "$ID"
	expect 0
	sits_in "${HELPERS[0]}" "$CG"
	sits_in "$VM" "$CG"
	# One that has ended is no obstacle.
	ended "${HELPERS[1]}"
	unset 'HELPERS[1]'
	vmcg update "$ID"
	expect 0
	[ "$out" = "$ID: nothing to change" ] || fail "$out"
	vmcg destroy "$ID"
	expect 0
	at_home
}

@test "a number that another process has now is nobody's on record: it is never moved" {
	running .
	helpers 2
	vmcg add "$ID" "${HELPERS[0]}"
	expect 0
	# The helper has ended, and somebody else got its number.
	for mount in $(hierarchies); do
		echo "${HELPERS[0]}" >"$mount/$NAME-home0/cgroup.procs"
	done
	jq -c '.added[0].start += 1' "$ROOT/$ID.json" >"$T/record"
	cat "$T/record" >"$ROOT/$ID.json"
	before=$(snapshot_host)
	vmcg update "$ID"
	expect 0
	[ "$out" = "$ID: nothing to change" ] || fail "$out"
	unchanged "$before"
	at_home
	# It may be added itself; then it is the one on record, and its origin is its own.
	for mount in $(hierarchies); do
		echo "${HELPERS[0]}" >"$mount/$NAME-home1/cgroup.procs"
	done
	vmcg add "$ID" "${HELPERS[0]}"
	expect 0
	sits_in "${HELPERS[0]}" "$CG"
	[ "$(record '[.added[].pid] | length')" = 1 ]
	vmcg destroy "$ID"
	expect 0
	sits_in "${HELPERS[0]}" "/$NAME-home1"
}

@test "a helper that was there, its number reused: destroy leaves the stranger where it is" {
	running .
	helpers 1
	vmcg add "$ID" "${HELPERS[0]}"
	expect 0
	make_group "/$NAME-elsewhere"
	for mount in $(hierarchies); do
		echo "${HELPERS[0]}" >"$mount/$NAME-elsewhere/cgroup.procs"
	done
	jq '.added[0].start += 1' "$ROOT/$ID.json" >"$T/record"
	cat "$T/record" >"$ROOT/$ID.json"
	vmcg destroy "$ID"
	expect 0
	sits_in "${HELPERS[0]}" "/$NAME-elsewhere"
}
