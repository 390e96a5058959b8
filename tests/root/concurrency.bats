#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# concurrency - many containers at once, and many callers of one: nothing is lost, nothing is mixed
# up, nothing is left

load lib
load operate

setup() {
	prepare
	find_spare
	PIDS=$(controller_path pids '') DEVICES=$(controller_path devices '') || DEVICES=
	export NAME ROOT POLICY VMCG T SPARE SPARE_RULE PIDS DEVICES
}

teardown() {
	[ ! -f "${ROOT:-}/$ID.json" ] || vmcg destroy "$ID"
	finish
}

# In the emulated guests of the rig a tenth is enough.
COUNT=${VMCG_RIG_GUEST:+20}
COUNT=${COUNT:-200}

# What a worker's shell knows. say: the worker's word about what went wrong, which ends it.
worker_library() {
	cat <<-'END'
		say() { echo "$id: $*" >>"$T/wrong"; exit 1; }
		run() { "$VMCG" --root "$ROOT" --policy "$POLICY" "$@" >"$T/$id.out" 2>&1 || say "exit $?: vmcg $*: $(cat "$T/$id.out")"; }
		setup() {
			mkdir -p "$T/b-$id"
			echo "{\"ociVersion\":\"1.0.2\",\"linux\":{\"cgroupsPath\":\"/$NAME/$id\",\"resources\":{\"pids\":{\"limit\":50}}}}" >"$T/b-$id/config.json"
			run createRuntime <<<"{\"ociVersion\":\"1.0.2\",\"id\":\"$id\",\"status\":\"creating\",\"pid\":$1,\"bundle\":\"$T/b-$id\"}"
		}
		limit_is() { [ "$(cat "$PIDS/$NAME/$id/pids.max")" = "$1" ] || say "pids.max is $(cat "$PIDS/$NAME/$id/pids.max"), not $1"; }
		# v2 has no list to read; vmcg check compares the program.
		spare_is() {
			[ -n "$DEVICES" ] || return 0
			[ "$(grep -c "^$SPARE_RULE " "$DEVICES/$NAME/$id/devices.list")" = "$1" ] || say "the list has not $1 of $SPARE"
		}
	END
}

@test "many containers set up, plugged, updated and taken down by eight callers at a time" {
	{
		worker_library
		cat <<-'END'
			id=$NAME-$1
			sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
			vm=$!
			trap 'kill -KILL $vm' EXIT
			setup $vm
			limit_is 50
			spare_is 0
			run device add "$id" "$SPARE"
			spare_is 1
			echo "{\"pids\": {\"limit\": $((100 + $1))}}" >"$T/$id.json"
			run update "$id" --resources "$T/$id.json"
			limit_is $((100 + $1))
			spare_is 1
			run check "$id"
			run device remove "$id" "$SPARE"
			spare_is 0
			run update "$id"
			limit_is $((100 + $1))
			run check "$id"
			[ "$(cat "$PIDS/$NAME/$id/cgroup.procs")" = $vm ] || say "who is inside: $(cat "$PIDS/$NAME/$id/cgroup.procs")"
			run destroy "$id"
			[ ! -e "$PIDS/$NAME/$id" ] || say "the group is still there"
			rm -r "$T/$id".* "$T/b-$id"
			echo done >>"$T/done"
		END
	} >"$T/worker"
	seq "$COUNT" | xargs -P 8 -n 1 bash "$T/worker" 3>&- || true
	[ ! -e "$T/wrong" ] || fail "$(head -n 20 "$T/wrong")"
	[ "$(wc -l <"$T/done")" = "$COUNT" ]
	[ -z "$(groups_here)" ] || fail "$(groups_here)"
	[ -z "$(ls -A "$ROOT")" ] || fail "$(ls -A "$ROOT")"
}

@test "many updates of one container: each waits for its turn, and the last one stands" {
	running '.pids.limit = 50'
	for ((i = 1; i <= 40; i++)); do
		echo "{\"pids\": {\"limit\": $((100 + i))}}" >"$T/change.$i"
	done
	export ID
	# shellcheck disable=SC2016 # the worker's
	seq 40 | xargs -P 8 -n 1 bash -c '
		"$VMCG" --root "$ROOT" --policy "$POLICY" update "$ID" --resources "$T/change.$1" >>"$T/log" 2>&1 ||
			echo "$1: exit $?" >>"$T/wrong"' - 3>&- || true
	[ ! -e "$T/wrong" ] || fail "$(cat "$T/wrong" "$T/log")"
	# Forty changes, of which each found what another one had left.
	[ "$(grep -c "pids.max: " "$T/log")" = 40 ] || fail "$(cat "$T/log")"
	diff <(sed -n 's/.*pids.max: \([0-9]*\) -> .*/\1/p' "$T/log" | sort -n) \
		<({ echo 50; sed -n 's/.*pids.max: [0-9]* -> \([0-9]*\) .*/\1/p' "$T/log"; } | sort -n | grep -vx "$(cgfile pids pids.max)")
	[ "$(record .resources.pids.limit)" = "$(cgfile pids pids.max)" ]
	vmcg check "$ID"
	expect 0
	vmcg destroy "$ID"
	expect 0
}

@test "updates, devices and helpers of one container at the same time: none is lost" {
	running '.pids.limit = 50'
	make_node full c 1 7
	export ID NODE
	HELPERS=()
	for ((i = 0; i < 6; i++)); do
		sleep 1000 3>&- &
		disown
		HELPERS+=("$!")
		STARTED+=("$!")
	done
	echo '{"pids": {"limit": 77}}' >"$T/change.1"
	echo '{"cpu": {"quota": 44000}}' >"$T/change.2"
	echo '{"cpu": {"period": 50000}}' >"$T/change.3"
	{
		printf "add $ID %s\n" "${HELPERS[@]}"
		printf 'update %s --resources %s\n' "$ID" "$T/change.1" "$ID" "$T/change.2" "$ID" "$T/change.3"
		echo "device add $ID $SPARE"
		echo "device remove $ID $NODE"
	} | shuf >"$T/calls"
	# shellcheck disable=SC2016
	xargs -P 8 -L 1 bash -c '"$VMCG" --root "$ROOT" --policy "$POLICY" "$@" >>"$T/log" 2>&1 || echo "exit $?: $*" >>"$T/wrong"' - \
		<"$T/calls" 3>&- || true
	[ ! -e "$T/wrong" ] || fail "$(cat "$T/wrong" "$T/log")"
	reads pids 77 quota 44000 period 50000
	opens "$SPARE"
	denied "$NODE"
	for p in "${HELPERS[@]}"; do
		sits_in "$p" "$CG"
	done
	[ "$(record '.added | length')" = 6 ]
	vmcg check "$ID"
	expect 0
}

@test "setup, changes and teardown of one container race: each is done or refused, and nothing is left" {
	start_vm
	limits '.pids.limit = 50'
	state_json "$VM" >"$T/state.json"
	echo '{"pids": {"limit": 20}}' >"$T/change.json"
	export ID
	for ((i = 0; i < 30; i++)); do
		echo "createRuntime"
		echo "update $ID --resources $T/change.json"
		echo "update $ID"
		echo "device add $ID $SPARE"
		echo "device remove $ID $SPARE"
		echo "check $ID"
		echo "destroy $ID"
		echo "poststop"
	done | shuf >"$T/calls"
	# shellcheck disable=SC2016
	xargs -P 8 -L 1 bash -c '"$VMCG" --root "$ROOT" --policy "$POLICY" "$@" <"$T/state.json" >"$T/out.$$" 2>&1
		echo "$? $* $(cat "$T/out.$$")" >>"$T/log"' - <"$T/calls" 3>&- || true
	! grep -v '^[04] ' "$T/log" || fail "neither done nor refused"
	[ "$(wc -l <"$T/calls")" -le "$(grep -c '^[04] ' "$T/log")" ]
	# Both came about.
	grep -q '^0 device add' "$T/log"
	grep -q '^4 device add' "$T/log"
	poststop
	expect 0
	[ -z "$(groups_here)" ] || fail "$(groups_here)"
	[ -z "$(ls -A "$ROOT")" ] || fail "$(ls -A "$ROOT")"
	opens "$SPARE"
}
