#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# operate - a running VM's limits, devices and processes changed, with each manager, in groups of
# vmcg's own and in those of runc, crun and podman
#
# What every test ends with: no unit, cgroup, record or device program is left.

load operate

teardown() {
	[ ! "${SERVICE:-}" ] || systemctl stop "$SERVICE" 2>/dev/null || true
	# Nobody who is frozen ends.
	thaw
	clear_away
}

# poststop, or the runtime's delete, which calls it.
end() {
	if [ "$CALLER" = own ]; then
		poststop
		expect 0 || return
		kill -0 "$VM"
		[ "$(<"/proc/$VM/cgroup")" = "$HOME_GROUPS" ] || fail "not at home:" "$(<"/proc/$VM/cgroup")" || return
	else
		container delete || fail "delete fails" || return
	fi
	nothing_left
}

# --- limits ---

limits_of() {
	begin "$@"
	limits_are "${START[@]}"
	vmcg check "$ID"
	expect 0
	[[ $out = "$ID: as recorded ("* ]] || fail "$out"

	update_to "${MORE[@]}"
	limits_are "${MORE[@]}"
	below_has "${MORE[@]}"
	update_to "${LESS[@]}" --format json
	limits_are "${LESS[@]}"
	below_has "${LESS[@]}"
	reload_keeps kvm
	limits_are "${LESS[@]}"
	opened ok loop-control
	check_is_clean

	drift_is_repaired
	runtimes_update
	end
}

drift_is_repaired() {
	set_by_hand $((100 << 20))
	[ "$MANAGER" = cgroupfs ] || check_names unit "$UNIT $(memory_property)" $((100 << 20))
	check_names value "/$(memory_file)" $((100 << 20))
	echo 20 >"$(controller_path pids "$TARGET")/pids.max"
	check_names value /pids.max 20
	vmcg update "$ID"
	expect 0
	limits_are "${LESS[@]}"
	check_is_clean
}

# What the runtime changes later is a difference, until vmcg sets it again or is told.
runtimes_update() {
	[ "$CALLER" != own ] || return 0
	container update $((150 << 20)) >"$T/container.out" 2>&1 || fail "$(<"$T/container.out")"
	vmcg --format json check "$ID"
	echo "# $CALLER $MANAGER: after the runtime's update, check: $status: $(jq -c '[.drift[] | "\(.what) \(.where | split("/")[-1])"]' "$T/out")" >&3
	[ "$status" -eq 7 ] || [ "$status" -eq 0 ] || fail "exit $status: $err"
	vmcg update "$ID"
	expect 0
	limits_are "${LESS[@]}"
	opened ok kvm loop-control
	check_is_clean
}

@test "operate: limits, own cgroupfs" {
	limits_of own cgroupfs
}

@test "operate: limits, own systemd" {
	limits_of own systemd
}

@test "operate: limits, runc systemd" {
	limits_of runc systemd
}

@test "operate: limits, crun systemd" {
	read_facts
	need_crun
	limits_of crun systemd
}

@test "operate: limits, podman systemd" {
	read_facts
	limits_of "podman-$(podmans_runtime)" systemd
}

# --- devices ---

devices_of() {
	begin "$@"
	opened ok kvm loop-control
	opened no fuse loop0

	vmcg device add "$ID" /dev/fuse
	expect 0
	[ "$out" = "/dev/fuse c 10:229 allowed" ]
	opened ok fuse kvm
	opened no loop0
	reload_keeps fuse kvm
	opened ok loop-control
	opened no loop0
	check_is_clean
	is_listed
	vmcg --format json device add "$ID" /dev/fuse
	expect 0
	jq -e '.[0] | .path == "/dev/fuse" and .major == 10 and .result == "allowed already"' "$T/out"

	vmcg --format json device remove "$ID" /dev/fuse /dev/kvm /dev/loop-control
	expect 0
	jq -e 'map(.result) == ["revoked", "revoked", "revoked"]' "$T/out"
	opened no fuse kvm loop-control
	opened ok vhost-net
	reload_keeps vhost-net
	opened no fuse kvm loop-control
	check_is_clean
	vmcg device add "$ID" /dev/kvm
	expect 0
	opened ok kvm
	opened no fuse loop-control
	reload_keeps kvm
	opened no fuse loop-control
	check_is_clean
	end
}

is_listed() {
	vmcg --format json device list "$ID"
	expect 0
	jq -e --arg id "$ID" '.id == $id and .default == "deny" and
		any(.rules[]; .type == "c" and .major == 10 and .minor == 229 and .access == "rwm" and .why == "plugged:/dev/fuse") and
		any(.rules[]; .major == 10 and .minor == 232 and .why == "hypervisor:/dev/kvm") and
		any(.rules[]; .major == 136 and .minor == null)' "$T/out" >/dev/null || fail "$out"
	vmcg device list "$ID"
	expect 0
	grep -qxE 'c 10:229 rwm +plugged:/dev/fuse' "$T/out" || fail "$out"
}

@test "operate: devices, own cgroupfs" {
	devices_of own cgroupfs
}

@test "operate: devices, own systemd" {
	devices_of own systemd
}

@test "operate: devices, runc systemd" {
	devices_of runc systemd
}

@test "operate: devices, crun systemd" {
	read_facts
	need_crun
	devices_of crun systemd
}

@test "operate: devices, podman systemd" {
	read_facts
	devices_of "podman-$(podmans_runtime)" systemd
}

# --- no moment without /dev/kvm ---

# never_without_kvm CALLER MANAGER COUNT SECONDS: so many changes, or as many as fit; CHANGES in the environment: that many, however
# long it takes. A process of the VM's group opens it all the time. Without systemd: tests/root/gapless.bats.
never_without_kvm() {
	begin "$1" "$2"
	start_opener /dev/kvm
	vmcg add "$ID" "$OPENER"
	expect 0
	inside "$OPENER"
	opener_counts_anew
	plug_often "${CHANGES:-$3}" "${CHANGES:-$4}"
	never_refused
	[ "$CHANGED" -ge 20 ] || fail "only $CHANGED changes"
	is_thawed
	end
}

@test "operate: /dev/kvm opens while another is plugged and revoked, own systemd" {
	never_without_kvm own systemd 50 60
}

@test "operate: /dev/kvm opens while another is plugged and revoked, runc systemd" {
	never_without_kvm runc systemd 20 60
}

# --- killed in between ---

killed_while_frozen() {
	read_facts
	[ "${MOUNT[freezer]:-}" ] || cannot "cgroup v2 freezes nobody around a change"
	begin "$@"

	kill_while_frozen add
	vmcg device list "$ID"
	expect 0
	vmcg update "$ID"
	expect 0
	is_thawed
	[ "$(record '.frozen // false')" = false ]
	opened ok kvm fuse
	check_is_clean

	kill_while_frozen remove
	vmcg check "$ID"
	[ "$status" -eq 7 ] || fail "exit $status:" "$err"
	[[ $out = *FROZEN* ]] || fail "$out"
	is_frozen
	vmcg gc
	expect 0
	is_thawed
	[ "$(record '.frozen // false')" = false ]
	vmcg update "$ID"
	expect 0
	opened ok kvm
	opened no fuse
	check_is_clean

	kill_while_frozen add
	end
}

@test "operate: a container that is left frozen is thawed, own systemd" {
	killed_while_frozen own systemd
}

@test "operate: a container that is left frozen is thawed, runc systemd" {
	killed_while_frozen runc systemd
}

# --- helpers ---

# Placed, kept there, and told apart from the VM.
helpers_of() {
	begin "$@"
	start_helpers
	vmcg add "$ID" "$HELPER" "$SERVED"
	expect 0
	[ "$(grep -c " placed in $TARGET" "$T/out")" -eq 2 ] || fail "$out"
	inside "$HELPER"
	inside "$SERVED"
	[ "$MANAGER" = cgroupfs ] || systemd-cgls --no-pager "$TARGET" | grep -qw "$HELPER" || fail "systemd-cgls lacks it"
	vmcg --format json add "$ID" "$HELPER"
	expect 0
	jq -e --argjson pid "$HELPER" '.[0] | .pid == $pid and .moved == false and .comm == "sleep"' "$T/out"
	vmcg --format json show "$ID"
	jq -e --argjson pid "$SERVED" 'any(.processes[]; .pid == $pid and .added)' "$T/out" >/dev/null || fail "$out"
	# systemd's own daemon is still running, as far as systemd knows.
	unit_is "$SERVICE" active
	reload
	inside "$HELPER"
	inside "$SERVED"
	check_is_clean
}

unit_is() {
	[ "$(systemctl show --value -p ActiveState "$1")" = "$2" ]
}

at_home() {
	[ "$(<"/proc/$HELPER/cgroup")" = "$HELPER_HOME" ] || fail "not at home:" "$(<"/proc/$HELPER/cgroup")" || return
	[ "$(<"/proc/$SERVED/cgroup")" = "$SERVED_HOME" ] || fail "not at home:" "$(<"/proc/$SERVED/cgroup")" || return
	unit_is "$SERVICE" active
}

@test "operate: helpers go home when their VM is taken down, own systemd" {
	helpers_of own systemd
	end
	at_home
}

# Who minds a container of his own ends what is in it.
@test "operate: helpers go home from a runtime's scope, or end with it, runc systemd" {
	helpers_of runc systemd
	vmcg destroy "$ID"
	expect 0
	at_home
	[ "$(in_container loop-control)" = "loop-control: ok;" ]

	vmcg createRuntime < <(state_json "$INIT")
	expect 0
	vmcg add "$ID" "$HELPER" "$SERVED"
	expect 0
	end
	wait_until ! kill -0 "$HELPER" 2>/dev/null
	wait_until ! kill -0 "$SERVED" 2>/dev/null
	wait_until unit_is "$SERVICE" inactive
}

# --- told ---

@test "operate: list, show, paths and features in text and JSON, own systemd" {
	local before after

	begin own systemd
	[ "$(ask "alloc 8")" = "alloc 8: ok" ]
	vmcg --format json list
	expect 0
	jq -e --arg id "$ID" --argjson vm "$VM" --argjson max "${START[0]}" 'length == 1 and (.[0] | .id == $id and .manager == "systemd"
		and .mode == "own" and .status == "applied" and .running == true and .pid == $vm
		and .memory.max == $max and (.memory.current | type) == "number" and .cpu.usage_usec >= 0)' "$T/out" >/dev/null || fail "$out"
	vmcg list
	expect 0
	grep -q "^$ID .*running" "$T/out" || fail "$out"

	before=$(used)
	vmcg --format json show "$ID"
	expect 0
	after=$(used)
	jq -e --arg unit "$UNIT" --argjson vm "$VM" --argjson max "${START[0]}" --argjson quota "${START[1]}" --argjson pids "${START[2]}" \
		--argjson before "$before" --argjson after "$after" '
		def between(a; b): type == "number" and . >= a and . <= b;
		.unit == $unit and .slice == "system.slice" and .pid == $vm and .running and .vcpus == 1 and
		.usage.memory.max == $max and .usage.cpu.quota_usec == $quota and .usage.cpu.period_usec == 100000 and
		.usage.pids.max == $pids and .usage.pids.current == .threads and .usage.cpuset.cpus == "0" and
		(.usage.memory.current | between($before[0]; $after[0])) and (.usage.cpu.usage_usec | between($before[1]; $after[1])) and
		all(.settings[]; .differs == false)' "$T/out" >/dev/null || fail "between $before and $after:" "$out"
	vmcg show "$ID"
	expect 0
	[[ $out = *"$UNIT"* && $out = *256*MiB* ]] || fail "$out"

	vmcg --format json paths "$ID"
	expect 0
	jq -e --arg memory "$(controller_path memory "$TARGET")" 'any(.[]; . == $memory)' "$T/out" >/dev/null || fail "$out"
	while read -r dir; do
		# Of v1 hierarchies systemd joins only what it needs.
		[ ! -d "$dir" ] || grep -qx "$VM" "$dir/cgroup.procs" || fail "$VM is not in $dir" || return
	done < <(jq -r '.[]' "$T/out")

	vmcg features
	expect 0
	jq -e --arg layout "$LAYOUT" --argjson version "$(systemctl --version | sed -nE '1s/^systemd ([0-9]+).*/\1/p')" \
		--argjson devices "$(version_of devices)" --argjson freezer "$(version_of freezer)" '.vmcg.host | .layout == $layout and
		.systemd.usable and .systemd.version == $version and .cgroupfs and .freezer == $freezer and
		.device_filter == ["list", "program"][$devices - 1] and .devices["/dev/kvm"].minor == 232' "$T/out" >/dev/null || fail "$out"
	end
}

# "[memory, processor time in microseconds]" of the target, as the kernel has them.
used() {
	local memory cpu

	memory=$(controller_path memory "$TARGET")
	if [ "$(version_of memory)" = 2 ]; then
		echo "[$(<"$memory/memory.current"), $(sed -n 's/^usage_usec //p' "$memory/cpu.stat")]"
	else
		cpu=$(controller_path cpuacct "$TARGET")
		echo "[$(<"$memory/memory.usage_in_bytes"), $(($(<"$cpu/cpuacct.usage") / 1000))]"
	fi
}
