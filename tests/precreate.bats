#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# precreate.bats - the config filter: what it adds, and that all else is given back as it came
#
# The policy takes the hypervisor's devices away and adds two nodes that every host has, so
# that the answers are the same on each.

bats_require_minimum_version 1.5.0

setup() {
	TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	VMCG=$(realpath "${VMCG:-$TOP/build/vmcg}")
	[ -x "$VMCG" ]
	cd "$BATS_TEST_TMPDIR" || return
	policy '.'
	FULL=$(node /dev/full 1 7) NULL=$(node /dev/null 1 3)
	FULL_RULE='{"allow":true,"type":"c","major":1,"minor":7,"access":"rwm"}'
	NULL_RULE='{"allow":true,"type":"c","major":1,"minor":3,"access":"rwm"}'
}

policy() {
	jq "$1" >policy.json <<-'END'
		{"devices": {"add": ["/dev/full", "/dev/null"],
			"remove": ["/dev/kvm", "/dev/mshv", "/dev/vhost-net", "/dev/vhost-vsock", "/dev/vfio/vfio"]}}
	END
}

# The entry of linux.devices for a node of this host.
node() {
	printf '{"path":"%s","type":"c","major":%d,"minor":%d,"fileMode":%d,"uid":%d,"gid":%d}' "$1" "$2" "$3" \
		"$((0$(stat -c %a "$1")))" "$(stat -c %u "$1")" "$(stat -c %g "$1")"
}

fail() {
	printf '%s\n' "$@"
	return 1
}

# filter: the file "in" to the file "out", words to "err", as podman calls it: no environment.
filter() {
	status=0
	env -i "$VMCG" --policy policy.json "$@" precreate <in >out 2>err || status=$?
}

# The exit code; with another than 0 nothing is printed, and one line says why.
expect() {
	[ "$status" -eq "$1" ] || fail "exit $status, not $1:" "$(<err)"
	if [ "$1" -ne 0 ]; then
		[ ! -s out ] || fail "printed all the same:" "$(<out)"
		[ "$(wc -l <err)" -eq 1 ] || fail "not one line:" "$(<err)"
	fi
	[[ $(<err) = *"${2:-}"* ]] || fail "standard error lacks \"$2\":" "$(<err)"
}

# The output is the input with these texts in it, byte for byte.
adds_only() {
	local text added at

	# A dot keeps the line ends that the shell would drop.
	text=$(cat out && echo .)
	for added; do
		at=${text%%"$added"*}
		[ "$at" != "$text" ] || fail "not added: $added" "$text"
		text=$at${text#*"$added"}
	done
	[ "$text" = "$(cat in && echo .)" ] || { diff in <(printf %s "${text%.}") || true; fail "more was changed"; }
}

# Names in their order, digits as they are written.
names() {
	jq --stream -c 'select(length == 2) | .[0]' "$1"
}

digits() {
	grep -oE '[-+.0-9eE]*[0-9][-+.0-9eE]*' "$1"
}

# A config with all that is easily lost: digits, escapes, order, unknown and empty names, white space.
odd_config() {
	cat >in <<'END'
{
	"zzz": [1e400, 18446744073709551615, -9223372036854775809, 0.1000, -0, -0.0, 1E+2, 12345678901234567890123],
	"ociVersion": "1.0.2-dev", "": {"": null},
	"process": {"args": ["sh", "-c", "echo \"}]\" '[{' \\\"devices\\\":[]"], "env": ["A=\/x\u00e9\ud83d\ude00é\t\u001f"],
		"terminal":false , "rlimits" : [ ] },
	"linux": {
		"zeta": {"devices": [{"path": "/dev/full"}], "resources": {"devices": 7}},
		"resources": {
			"unified": {"memory.high": "max"},
			"devices": [
				{"allow": false, "access": "rwm"}
			],
			"memory": {"limit": 9223372036854775807, "unknown": 1.50}
		},
		"devices": [
			{ "minor" : 232, "path" : "\/dev\/other", "unknown" : [1.10], "type" : "c", "major" : 10 }
		],
		"alpha": true
	},
	"annotations": {"b": "2", "a": "1"}, "aaa": {}
}

END
}

# --- what is kept ---

@test "everything else is given back byte for byte" {
	odd_config
	filter
	expect 0
	[ ! -s err ]
	adds_only ",$FULL,$NULL" ",$FULL_RULE,$NULL_RULE"
}

@test "without what was added it is the same document, in the same order, with the same digits" {
	odd_config
	filter
	expect 0
	jq --argjson rules "[$FULL_RULE,$NULL_RULE]" --argjson nodes "[$FULL,$NULL]" '
		.linux.devices -= $nodes | .linux.resources.devices -= $rules' out >less
	diff <(jq -S . in) <(jq -S . less)
	diff <(names in) <(names less)
	# what stands in the strings of the additions is no digit more
	for added in "$FULL" "$NULL" "$FULL_RULE" "$NULL_RULE"; do
		text=$(<out)
		printf '%s\n' "${text/",$added"/}" >out
	done
	diff <(digits in) <(digits out)
}

@test "the text ends as it did: with and without a line end" {
	for end in '' $'\n' $' \t\r\n\n'; do
		printf '{"linux":{"devices":[]}}%s' "$end" >in
		filter
		expect 0
		adds_only "$FULL,$NULL" ",\"resources\":{\"devices\":[$FULL_RULE,$NULL_RULE]}"
	done
}

@test "a second pass changes nothing" {
	odd_config
	filter
	expect 0
	cp out in
	filter
	expect 0
	cmp in out
	[ ! -s err ]
}

@test "a config that lacks nothing is printed as it came" {
	printf ' {"linux":{"resources":{"devices":[%s,%s]},"devices":[%s,%s]}}\n\n' \
		"$FULL_RULE" "$NULL_RULE" "$NULL" "$FULL" >in
	filter
	expect 0
	cmp in out
}

@test "one MiB of config that is of no interest is given back" {
	jq -nc --argjson n 40000 '{process: {env: [range($n) | "NAME\(.)=" + ("v" * 20)]}, linux: {devices: []}}' >in
	[ "$(stat -c %s in)" -gt 1000000 ]
	filter
	expect 0
	# what stands behind the array's first bracket is four bytes
	{ head -c -4 in && printf '%s],"resources":{"devices":[%s]}}}\n' "$FULL,$NULL" "$FULL_RULE,$NULL_RULE"; } |
		cmp - out
}

# --- what is added ---

@test "objects and arrays that are missing or null are made" {
	added="\"linux\":{\"devices\":[$FULL,$NULL],\"resources\":{\"devices\":[$FULL_RULE,$NULL_RULE]}}"
	for pair in '{}|{ADDED}' '{"x":1}|{"x":1,ADDED}' '{"linux":null}|{ADDED}' '{"linux":{}}|{ADDED}' \
		'{"linux":{"devices":null}}|{ADDED}'; do
		printf %s "${pair%|*}" >in
		filter
		expect 0
		want=${pair#*|}
		[ "$(<out)" = "${want/ADDED/$added}" ] || fail "${pair%|*}" "$(<out)"
	done
}

@test "everything allowed: nodes, and no rules" {
	echo '{"linux":{"resources":{"devices":[{"allow":false,"access":"rwm"},{"allow":true,"access":"rwm"}]}}}' >in
	filter
	expect 0
	adds_only ",\"devices\":[$FULL,$NULL]"
}

@test "a node of the config is kept, with a warning when it is another device" {
	echo '{"linux":{"devices":[{"path":"/dev/full","type":"c","major":10,"minor":77}],"resources":{"devices":[]}}}' >in
	filter
	expect 0 "warning: /linux/devices/0: /dev/full is c 10:77 in the config and c 1:7 on this host"
	adds_only ",$NULL" "$FULL_RULE,$NULL_RULE"
}

@test "the hypervisor's own devices, where they are" {
	echo '{}' >policy.json
	echo '{}' >in
	filter
	expect 0
	for path in /dev/kvm /dev/vhost-net /dev/vhost-vsock /dev/vfio/vfio; do
		if [ -c "$path" ]; then
			jq -e --arg p "$path" '.linux.devices | any(.path == $p)' out
		else
			jq -e --arg p "$path" '.linux.devices | all(.path != $p)' out
		fi
	done
	[ "$(jq '.linux.devices | length' out)" = "$(jq '.linux.resources.devices | length' out)" ]
}

# --- policy and annotations ---

@test "a device that is not here is no error, unless the policy requires it" {
	echo '{}' >in
	policy '.devices.add += ["/dev/no-such-node"]'
	filter --log log
	expect 0
	grep 'hypervisor device /dev/no-such-node is not on this host' log
	jq -e '.linux.devices | length == 2' out
	policy '.devices.require += ["/dev/no-such-node"]'
	filter
	expect 4 "/dev/no-such-node: required by the policy"
}

@test "what is no device node does not become one" {
	echo '{}' >in
	policy '.devices.add += ["/dev", "/etc/passwd"]'
	filter
	expect 0
	jq -e '[.linux.devices[].path] == ["/dev/full", "/dev/null"]' out
}

@test "what the policy denies is not added" {
	echo '{}' >in
	policy '.devices.deny = ["/dev/full"]'
	filter
	expect 0 "the policy denies /dev/full"
	jq -e '[.linux.devices[].path] == ["/dev/null"] and [.linux.resources.devices[].minor] == [3]' out
}

@test "the annotation adds what the policy permits, and only then" {
	echo '{"annotations":{"io.vmcg.devices":"/dev/zero,/dev/urandom"}}' >in
	filter
	expect 0 "annotation io.vmcg.devices is not allowed by the policy and was ignored"
	jq -e '.linux.devices | length == 2' out
	policy '.annotations = ["io.vmcg.devices"] | .devices.permit = ["/dev/z*"]'
	filter
	expect 0 "\"/dev/urandom\" is not in the policy's \"permit\" list"
	jq -e '[.linux.devices[].path] == ["/dev/full", "/dev/null", "/dev/zero"]' out
}

@test "io.vmcg.enable is for hooks.d, here as in setup" {
	for word in 1 true false 0; do
		echo "{\"annotations\":{\"io.vmcg.enable\":\"$word\"}}" >in
		filter
		expect 0
		[ ! -s err ]
		jq -e '.linux.devices | length == 2' out
	done
}

# --- refused ---

@test "what is no config is refused in one line, and nothing is printed" {
	while IFS='|' read -r doc words; do
		printf "$doc" >in
		filter
		expect 3 "$words"
	done <<-'END'
		|the document is empty
		 \n|the document is empty
		[]|this is an array, expected an object
		null|expected an object
		"x"|expected an object
		{|the text ends in the middle of an object
		{"linux":{"devices":[{|the text ends in the middle of an object
		{} {}|there is more text behind the end of the document
		{}x|there is more text behind the end of the document
		{"a":1,"\\u0061":2}|the name "a" stands twice in one object
		{"a":"\\u0000"}|/a: the string holds a NUL
		{"a":"\\ud800"}|half of a surrogate pair
		{"a":"\xff"}|not valid UTF-8
		\xef\xbb\xbf{}|not valid JSON
		{/*c*/}|not valid JSON
		{"a":1,}|not valid JSON
		{"linux":7}|/linux: 7 is a number, expected an object
		{"linux":{"devices":{}}}|/linux/devices: this is an object, expected an array
		{"linux":{"devices":[{"type":"c"}]}}|/linux/devices/0: "path" is missing
		{"linux":{"resources":[]}}|/linux/resources: this is an array, expected an object
		{"linux":{"resources":{"devices":[{"allow":true}]}}}|/linux/resources/devices/0: an allow rule needs
	END
}

@test "64 levels are taken, 65 are not" {
	printf '{"x":%s%s}' "$(printf '[%.0s' {1..63})" "$(printf ']%.0s' {1..63})" >in
	filter
	expect 0
	printf '{"x":%s%s}' "$(printf '[%.0s' {1..64})" "$(printf ']%.0s' {1..64})" >in
	filter
	expect 3 "more than 64 levels"
}

@test "16 MiB are taken, with what is added, and no byte more" {
	most=$((16 << 20))
	echo '{}' >in
	filter
	added=$(($(stat -c %s out) - 3 + 1))
	for size in $((most - added)) $((most - added + 1)) $((most + 1)) $((2 * most + 8192)); do
		{ printf '{"x":"' && head -c $((size - 8)) /dev/zero | tr '\0' x && printf '"}'; } >in
		[ "$(stat -c %s in)" -eq "$size" ]
		filter
		case $size in
		$((most - added)))
			expect 0
			[ "$(stat -c %s out)" -eq "$most" ]
			;;
		$((most - added + 1))) expect 3 "bytes, more than 16 MiB" ;;
		$((most + 1))) expect 3 "larger than 16 MiB" ;;
		*) expect 3 "config.json: more than" ;;
		esac
	done
}

@test "standard input that is closed, or cannot be read, is refused" {
	status=0
	"$VMCG" --policy policy.json precreate <&- >out 2>err || status=$?
	expect 3 "the document is empty"
	status=0
	"$VMCG" --policy policy.json precreate </ >out 2>err || status=$?
	expect 3 "config.json: cannot read"
}

@test "a bad policy is refused, and nothing is printed" {
	echo '{}' >in
	echo '{"?":1}' >policy.json
	filter
	expect 3 "policy"
}

@test "an argument is one too many" {
	echo '{}' >in
	status=0
	"$VMCG" --policy policy.json precreate extra <in >out 2>err || status=$?
	expect 2 "usage: vmcg [OPTIONS] precreate"
}

@test "options of setup change nothing" {
	odd_config
	filter
	cp out want
	filter --dry-run --format json --mode own --cgroup-manager systemd --root /nowhere
	expect 0
	cmp want out
}
