#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# hotplug - devices allowed to a running VM and taken from it again: a process inside really can
# and really cannot open them

load lib
load operate

setup() {
	prepare
	find_spare
}

teardown() {
	[ ! -f "${ROOT:-}/$ID.json" ] || vmcg destroy "$ID"
	finish
}

# A config rule that allows the spare device, for `running`.
allow_spare() {
	local rule=${SPARE_RULE#c }

	echo ".devices = [{allow: true, type: \"c\", major: ${rule%:*}, minor: ${rule#*:}, access: \"rwm\"}]"
}

# --- add, remove, list ---

@test "a device is added by its node: a process inside opens it; removed: it cannot any more" {
	running .
	denied "$SPARE"
	before=$(standing)
	device add "$ID" "$SPARE"
	expect 0
	[ "$out" = "$SPARE c ${SPARE_RULE#c } allowed" ] || fail "$out"
	opens "$SPARE"
	fork_vm
	device list "$ID"
	expect 0
	[[ $out = "default deny, but"* ]]
	grep -qx "$SPARE_RULE rwm *plugged:$SPARE" "$T/out"
	[ "$(record -c --arg p "$SPARE" '[.plugs[] | .path == $p]')" = '[true]' ]

	# Twice is one rule, and nothing changes.
	added=$(standing)
	device add "$ID" "$SPARE" "$SPARE"
	expect 0
	[ "$(grep -c "allowed already" "$T/out")" = 2 ]
	untouched "$added"
	[ "$(listed "$SPARE_RULE")" = 1 ]

	device --format json remove "$ID" "$SPARE"
	expect 0
	jq -e --arg p "$SPARE" 'length == 1 and .[0].path == $p and .[0].type == "c" and .[0].result == "revoked"' "$T/out"
	denied "$SPARE"
	[ "$(record '.plugs | length')" = 0 ]
	[ "$(listed "$SPARE_RULE")" = 0 ]
	device remove "$ID" "$SPARE"
	expect 0
	[[ $out = *"not allowed" ]]
	diff <(echo "$before" | grep devices.list) <(standing | grep devices.list)
	opens /dev/null
}

@test "the list as JSON: the default, and each rule with its reason" {
	running .
	device add "$ID" "$SPARE"
	expect 0
	device --format json list "$ID"
	expect 0
	jq -e --arg id "$ID" --arg why "plugged:$SPARE" '.id == $id and .default == "deny"
		and ([.rules[] | select(.why == $why)] | length == 1)
		and any(.rules[]; .major == 1 and .minor == 3 and .type == "c")
		and any(.rules[]; .minor == null)' "$T/out"
	# What the kernel has is what is listed.
	if [ "$(version_of devices)" = 1 ]; then
		jq -r '.rules[] | "\(.type) \(.major // "*"):\(.minor // "*") \(.access)"' "$T/out" | sort |
			diff - <(cgfile devices devices.list | sort)
	fi
}

@test "the numbers are those of the node, wherever it lies" {
	running .
	# shellcheck disable=SC2086 # type, major and minor
	make_node spare c ${SPARE_RULE//[c:]/ }
	device add "$ID" "$NODE"
	expect 0
	opens "$SPARE"
	# By any other node of the same device.
	device remove "$ID" "$SPARE"
	expect 0
	denied "$SPARE"
	denied "$NODE"
}

@test "a node that has vanished is still removed, by its path" {
	running .
	# shellcheck disable=SC2086
	make_node gone c ${SPARE_RULE//[c:]/ }
	device add "$ID" "$NODE"
	expect 0
	rm "$NODE"
	opens "$SPARE"
	device remove "$ID" "$NODE"
	expect 0
	[[ $out = *" revoked" ]]
	denied "$SPARE"
}

@test "a device of the config is revoked, stays revoked over updates, and comes back when it is added" {
	running "$(allow_spare)"
	opens "$SPARE"
	device remove "$ID" "$SPARE"
	expect 0
	denied "$SPARE"
	vmcg update "$ID"
	expect 0
	[ "$out" = "$ID: nothing to change" ] || fail "$out"
	denied "$SPARE"
	device add "$ID" "$SPARE"
	expect 0
	opens "$SPARE"
}

@test "a device of the hypervisor list is revoked and comes back" {
	need_kvm
	running .
	opens /dev/kvm
	device remove "$ID" /dev/kvm
	expect 0
	denied /dev/kvm
	vmcg update "$ID"
	expect 0
	denied /dev/kvm
	# Other device rules do not bring it back either.
	change '{devices: [{allow: false, access: "rwm"}]}'
	expect 0
	denied /dev/kvm
	device add "$ID" /dev/kvm
	expect 0
	opens /dev/kvm
}

@test "device rules of an update replace the config's, and keep what was added and removed" {
	need_kvm
	running "$(allow_spare)"
	make_node misc c 10 183
	device add "$ID" "$NODE"
	expect 0
	# One of the config, one of the base list, one of the hypervisor's.
	device remove "$ID" "$SPARE" /dev/full /dev/kvm
	expect 0
	for rule in '{allow: true, type: "c", major: 10, minor: 184, access: "rw"}' '{allow: false, access: "rwm"}'; do
		change "{devices: [$rule, $(allow_spare | sed 's/.devices = .//; s/.$//')]}"
		expect 0
		[ "$(listed "c 10:184")" = "$(grep -c 184 <<<"$rule")" ]
		[ "$(listed "c 10:183")" = 1 ]
		denied "$SPARE"
		denied /dev/full
		denied /dev/kvm
		opens /dev/null
	done
	device add "$ID" "$SPARE"
	expect 0
	opens "$SPARE"
	change '{devices: [{allow: false, access: "rwm"}]}'
	expect 0
	opens "$SPARE"
}

@test "what only the config's rules allowed goes with them" {
	running "$(allow_spare)"
	opens "$SPARE"
	before=$(standing)
	change '{devices: [{allow: false, access: "rwm"}]}' --dry-run
	expect 0
	untouched "$before"
	change '{devices: [{allow: false, access: "rwm"}]}'
	expect 0
	denied "$SPARE"
	opens /dev/null
	! has_kvm || opens /dev/kvm
}

has_kvm() {
	[ -c /dev/kvm ]
}

@test "what others did to the filter is put right by update, which says so, dry or not" {
	[ "$(version_of devices)" = 1 ] || cannot "no cgroup v1 hierarchy for devices is mounted"
	running .
	before=$(standing)
	echo "c 1:7 rwm" >"$(controller_path devices)/devices.deny"
	echo "$SPARE_RULE rw" >"$(controller_path devices)/devices.allow"
	denied /dev/full
	opens "$SPARE"
	drifted=$(standing)
	vmcg --dry-run update "$ID"
	expect 0
	[ "$(grep -c "^$CG devices " "$T/out")" = 1 ]
	untouched "$drifted"
	vmcg --format json update "$ID"
	expect 0
	jq -e --arg cg "$CG" 'length == 1 and .[0].op == "devices" and .[0].path == $cg
		and .[0].from == null and .[0].to == null' "$T/out"
	opens /dev/full
	denied "$SPARE"
	vmcg update "$ID"
	expect 0
	[ "$out" = "$ID: nothing to change" ] || fail "$out"
	diff <(sort <<<"$before") <(standing | sort)
}

@test "other rules under a policy that allows all but some are said" {
	rule=${SPARE_RULE#c }
	running '.devices = [{allow: true, access: "rwm"}]'
	for options in --dry-run ''; do
		# shellcheck disable=SC2086 # one word or none
		change "{devices: [{allow: true, access: \"rwm\"},
			{allow: false, type: \"c\", major: ${rule%:*}, minor: ${rule#*:}, access: \"rwm\"}]}" $options
		expect 0
		[ "$(grep -c "^$CG devices" "$T/out")" = 1 ] || fail "$out"
		[[ $out = *"$CG devices: +deny c $rule rwm "* ]] || fail "$out"
	done
	denied "$SPARE"
}

@test "which rules come and go is said, dry or not, as text and as JSON" {
	running '.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 10, minor: 184, access: "rw"}]'
	rules='{devices: [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 10, minor: 185, access: "r"}]}'
	change "$rules" --dry-run
	expect 0
	[[ $out = "$CG devices: +c 10:185 r -c 10:184 rw  # "* ]] || fail "$out"
	change "$rules" --format json
	expect 0
	jq -e --arg cg "$CG" '[.[] | [.op, .path, .from, .to]] == [["devices", $cg, ["c 10:184 rw"], ["c 10:185 r"]]]' "$T/out"
}

# --- refused ---

@test "what is no device node of this host is refused, and so is all that was asked for with it" {
	running .
	before=$(standing)
	ln -s "$SPARE" "$T/link"
	: >"$T/file"
	mkfifo "$T/fifo"
	while IFS='|' read -r path want words; do
		IFS=, read -r -a words <<<"$words"
		for order in "$path $SPARE" "$SPARE $path" "$path"; do
			# shellcheck disable=SC2086 # two paths
			device add "$ID" $order
			expect "$want" "$path" "${words[@]}" || fail "$order"
			one_line
			untouched "$before" || fail "$order"
		done
	done <<-END
		$T/link|4|symbolic link,readlink -f
		$T/file|4|no device node
		$T/fifo|4|no device node
		$T|4|no device node
		/dev/vmcg-no-such|4|no such device node
		/no/such/directory/node|4|no such device node
		dev/null|3|not an absolute path
	END
	denied "$SPARE"
	device remove "$ID" "$SPARE" "$T/link"
	expect 4 "symbolic link"
	device add "$ID" "$SPARE"
	expect 0
	before=$(standing)
	device remove "$ID" "$SPARE" /dev/vmcg-no-such
	expect 4 /dev/vmcg-no-such "vmcg device list $ID"
	untouched "$before"
	opens "$SPARE"
}

@test "usage, and containers that are not there" {
	vmcg device list
	expect 2 "device list|add|remove ID"
	vmcg device list "$ID" "$SPARE"
	expect 2 "device list ID"
	vmcg device add "$ID"
	expect 2 "device add ID PATH"
	vmcg device frobnicate "$ID" "$SPARE"
	expect 2 frobnicate list add remove
	for what in "list $ID" "add $ID $SPARE" "remove $ID $SPARE"; do
		# shellcheck disable=SC2086 # words
		vmcg device $what
		expect 4 "$ID" "vmcg list"
	done
}

@test "a path that never was: nothing is said to have gone, and no word stands twice" {
	running .
	device remove "$ID" /dev/no-such-node
	expect 4 "/dev/no-such-node: no such node, and no device was plugged in under this path"
	device frobnicate "$ID"
	expect 2
	[[ $err != *"device: device:"* ]]
	vmcg show "$ID-not"
	expect 4 "vmcg show $ID-not: "
}

@test "what the policy denies is not added" {
	jq -n --arg d "$SPARE" '{devices: {deny: [$d]}}' >"$POLICY"
	running .
	before=$(standing)
	device add "$ID" "$SPARE"
	expect 4 "$SPARE" policy
	untouched "$before"
	# Nor by another node of the same numbers, nor by a policy that is newer than the container.
	# shellcheck disable=SC2086
	make_node other c ${SPARE_RULE//[c:]/ }
	device add "$ID" "$NODE"
	expect 4 "$NODE" policy
	untouched "$before"
	denied "$SPARE"
	vmcg destroy "$ID"
	expect 0

	echo '{}' >"$POLICY"
	hook createRuntime "$VM"
	expect 0
	jq -n --arg d "$SPARE" '{devices: {deny: [$d]}}' >"$POLICY"
	device add "$ID" "$SPARE"
	expect 4 "$SPARE" policy
	denied "$SPARE"
}

@test "a device that a wider rule allows cannot be cut out of it, and the message says so" {
	running '.devices = [{allow: true, type: "c", major: 10, access: "rw"}]'
	opens "$SPARE"
	before=$(standing)
	device remove "$ID" "$SPARE"
	expect 4 "$SPARE" "wider rule" "c 10:*"
	one_line
	untouched "$before"
	# It is allowed, so adding it asks for nothing more than the right to make its node.
	device add "$ID" "$SPARE"
	expect 0
	opens "$SPARE"
}

# --- the other default ---

@test "under a policy that allows all but some" {
	rule=${SPARE_RULE#c }
	running ".devices = [{allow: true, access: \"rwm\"},
		{allow: false, type: \"c\", major: ${rule%:*}, minor: ${rule#*:}, access: \"rwm\"}]"
	denied "$SPARE"
	opens /dev/full
	device list "$ID"
	expect 0
	[[ $out = "default allow, but not"* ]]
	device add "$ID" "$SPARE"
	expect 0
	opens "$SPARE"
	device remove "$ID" /dev/full
	expect 0
	denied /dev/full
	opens "$SPARE"
	device remove "$ID" "$SPARE"
	expect 0
	denied "$SPARE"
	device add "$ID" /dev/full
	expect 0
	opens /dev/full
	denied "$SPARE"
	opens /dev/null
	vmcg update "$ID"
	expect 0
	[ "$out" = "$ID: nothing to change" ] || fail "$out"
}

# --- children, failures ---

@test "with a group below the target: revoked there too, and what stays is never lost" {
	running "$(allow_spare)"
	fork_vm
	dir=$(controller_path devices 2>/dev/null || controller_path cgroup)
	mkdir "$dir/below"
	echo "$VM" >"$dir/below/cgroup.procs"
	opens "$SPARE"
	device remove "$ID" "$SPARE"
	expect 0
	denied "$SPARE"
	opens /dev/null
	device add "$ID" "$SPARE"
	expect 0
	echo "$VM" >"$dir/cgroup.procs"
	opens "$SPARE"
	rmdir "$dir/below"
}

@test "a change of devices that fails at any step leaves the rules and the record as they were" {
	need_test_build
	running .
	device add "$ID" /dev/full
	expect 0
	opens /dev/full
	device add "$ID" "$SPARE"
	expect 0
	for what in "remove $SPARE" "add $SPARE"; do
		# The first round is about one that is there, the second about one that is not.
		before=$(standing)
		for ((k = 1; ; k++)); do
			[ "$k" -lt 20 ] || fail "no end of steps"
			VMCG=$VMCG_TEST VMCG_FAULT=$k:28 vmcg device "${what% *}" "$ID" "$SPARE"
			[ "$status" != 0 ] || break
			expect 5 "everything was undone"
			untouched "$before"
		done
		[ "$k" -gt 1 ]
	done
	opens "$SPARE"
}

@test "a change of devices that is killed at any step is finished by the next update" {
	need_test_build
	running .
	for what in add remove add; do
		for ((k = 1; ; k++)); do
			[ "$k" -lt 20 ] || fail "no end of steps"
			VMCG=$VMCG_TEST VMCG_FAULT=$k:0 vmcg device $what "$ID" "$SPARE"
			[ "$status" != 0 ] || break
			[ "$status" = 137 ] || fail "exit $status" "$err"
			sits_in "$VM" "$CG"
			opens /dev/null
			vmcg update "$ID"
			expect 0
			vmcg check "$ID"
			expect 0
			if [ $what = add ]; then opens "$SPARE"; else denied "$SPARE"; fi
			# Undone by name, for the next step to have something to do.
			vmcg device "$([ $what = add ] && echo remove || echo add)" "$ID" "$SPARE"
			expect 0
		done
		[ "$k" -gt 1 ]
	done
	opens "$SPARE"
}

@test "a dry run of add and remove touches nothing" {
	running .
	before=$(standing)
	device --dry-run add "$ID" "$SPARE"
	expect 0
	[[ $out = *"$SPARE"*"would be allowed"* ]]
	device --dry-run --format json add "$ID" "$SPARE" /dev/null
	expect 0
	[ "$(jq -c 'map(.result)' "$T/out")" = '["would be allowed","allowed already"]' ] || fail "$out"
	untouched "$before"
	denied "$SPARE"
	device --dry-run remove "$ID" /dev/null
	expect 0
	untouched "$before"
	opens /dev/null
}

@test "after all of it teardown leaves nothing; in a group that was there, the rules of before" {
	start_vm
	make_group "$CG"
	config_json
	before=$(snapshot_host)
	hook createRuntime "$VM"
	expect 0
	device add "$ID" "$SPARE" /dev/full
	expect 0
	device remove "$ID" "$SPARE" /dev/zero
	expect 0
	vmcg update "$ID"
	expect 0
	vmcg destroy "$ID"
	expect 0
	unchanged "$before"
	opens "$SPARE"
}
