/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-hypervisor - which nodes a VM gets: built-in, policy's, the annotation's
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hook/hypervisor.h"
#include "oci/config.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static int parse(struct policy *ret, struct arena *a, const char *json)
{
	struct error e;

	if (policy_parse(ret, a, json, strlen(json), &e) < 0)
		fail_msg("%s\n%s", e.text, json);
	return 0;
}

/* All warnings of a plan, whatever their weight. */
static void put_warnings(struct text *out, const struct plan *p)
{
	for (size_t i = 0; i < p->n_warnings; i++)
		text_printf(out, "! %s\n", p->warnings[i]);
	for (size_t i = 0; i < p->n_notes; i++)
		text_printf(out, "~ %s\n", p->notes[i]);
}

/* --- the list --- */

#define BUILTIN                                             \
	"/dev/kvm hypervisor:/dev/kvm\n"                    \
	"/dev/mshv hypervisor:/dev/mshv instead=/dev/kvm\n" \
	"/dev/vhost-net hypervisor:/dev/vhost-net\n"        \
	"/dev/vhost-vsock hypervisor:/dev/vhost-vsock\n"    \
	"/dev/vfio/vfio hypervisor:/dev/vfio/vfio\n"
#define FROM_ANNOTATION " annotation:io.vmcg.devices\n"
#define NOT_PERMITTED(path)                     \
	"! annotation io.vmcg.devices: \"" path \
	"\" is not in the policy's \"permit\" list and was ignored\n"
#define ALLOWING(list) "{\"annotations\":[\"io.vmcg.devices\"],\"devices\":{\"permit\":[" list "]}}"

static const struct {
	const char *policy, *annotation, *want;
} lists[] = {
    {"{}", NULL, BUILTIN},
    {"{\"devices\":{\"remove\":[\"/dev/vhost-net\",\"/dev/mshv\",\"/dev/vfio/vfio\"]}}", NULL,
     "/dev/kvm hypervisor:/dev/kvm\n/dev/vhost-vsock hypervisor:/dev/vhost-vsock\n"},
    {"{\"devices\":{\"add\":[\"/dev/net/tun\"]}}", NULL,
     BUILTIN "/dev/net/tun policy:/devices/add\n"},
    {"{\"devices\":{\"add\":[\"/dev/kvm\"]}}", NULL, BUILTIN}, /* once */
    {"{\"devices\":{\"require\":[\"/dev/sev\"]}}", NULL,
     BUILTIN "/dev/sev policy:/devices/require required\n"},
    {"{\"devices\":{\"remove\":[\"/dev/mshv\",\"/dev/vhost-net\",\"/dev/vhost-vsock\","
     "\"/dev/vfio/vfio\"],\"require\":[\"/dev/kvm\"]}}",
     NULL, "/dev/kvm hypervisor:/dev/kvm required\n"},

    /* an annotation needs both: leave to act, and a pattern for each path */
    {"{}", "/dev/sda", BUILTIN},
    {"{\"devices\":{\"permit\":[\"/dev/sda\"]}}", "/dev/sda", BUILTIN},
    {ALLOWING("\"/dev/sd*\""), "/dev/sda,,/dev/sdb,",
     BUILTIN "/dev/sda" FROM_ANNOTATION "/dev/sdb" FROM_ANNOTATION},
    {ALLOWING("\"/dev/sd*\""), "/dev/nvme0,/dev/sda",
     BUILTIN "/dev/sda" FROM_ANNOTATION NOT_PERMITTED("/dev/nvme0")},
    {ALLOWING("\"/dev/vfio/*\""), "/dev/vfio/../sda", BUILTIN NOT_PERMITTED("/dev/vfio/../sda")},
    {ALLOWING("\"/*\""), "dev", BUILTIN NOT_PERMITTED("dev")},
    {ALLOWING("\"/dev/kvm\""), "/dev/kvm", BUILTIN},
    {ALLOWING(""), "", BUILTIN},
};

static void test_list(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		struct arena a = {0};
		struct plan plan = {.arena = &a};
		struct policy policy = {0};
		struct hypervisor_devices d = {0};
		struct text got = {0};
		const struct oci_annotation with[] = {{"other", "/dev/x"},
						      {"io.vmcg.devices", lists[i].annotation}};

		parse(&policy, &a, lists[i].policy);
		hypervisor_list(&d, &policy, with, lists[i].annotation ? 2 : 1, &plan);
		for (size_t k = 0; k < d.n; k++)
			text_printf(&got, "%s %s%s%s%s\n", d.items[k].path, d.items[k].why,
				    d.items[k].instead ? " instead=" : "",
				    d.items[k].instead ? d.items[k].instead : "",
				    d.items[k].required ? " required" : "");
		put_warnings(&got, &plan);
		if (strcmp(got.s, lists[i].want) != 0) {
			print_error("row %zu: %s\n-- want\n%s-- got\n%s", i, lists[i].policy,
				    lists[i].want, got.s);
			wrong++;
		}
		text_free(&got);
		arena_free(&a);
	}
	assert_int_equal(wrong, 0);
}

/* --- the policy of the filter --- */

/* A host with these nodes; the built-in list otherwise without vhost and vfio. */
#define NODE(path, type, major, minor) \
	"\"" path "\":{\"type\":\"" type "\",\"major\":" #major ",\"minor\":" #minor "}"
#define KVM  NODE("/dev/kvm", "c", 10, 232)
#define MSHV NODE("/dev/mshv", "c", 10, 120)
#define SDA  NODE("/dev/sda", "b", 8, 0)
#define FEW  "\"remove\":[\"/dev/vhost-net\",\"/dev/vhost-vsock\",\"/dev/vfio/vfio\"]"

#define RULE(allow, type, major, minor, access)                                             \
	"{\"allow\":" allow ",\"type\":\"" type "\",\"major\":" #major ",\"minor\":" #minor \
	",\"access\":\"" access "\"}"
#define ALL(allow) "{\"allow\":" allow ",\"access\":\"rwm\"}"

/* want: "allow" or "deny", then what is beyond the base list, then the warnings. */
static const struct {
	const char *devices, *rules, *policy, *want;
} filters[] = {
    {KVM, "", "{\"devices\":{" FEW "}}", "deny\nc 10:232 rwm hypervisor:/dev/kvm\n"},
    {KVM, ALL("false"), "{\"devices\":{" FEW "}}", "deny\nc 10:232 rwm hypervisor:/dev/kvm\n"},
    /* mshv only where there is no kvm, and then without a word */
    {KVM "," MSHV, "", "{\"devices\":{" FEW "}}", "deny\nc 10:232 rwm hypervisor:/dev/kvm\n"},
    {MSHV, "", "{\"devices\":{" FEW "}}", "deny\nc 10:120 rwm hypervisor:/dev/mshv\n"},
    {"", "", "{\"devices\":{\"remove\":[\"/dev/mshv\"]}}",
     "deny\n! hypervisor device /dev/kvm is not on this host: a VM that needs KVM will not start; "
     "load its module (kvm_intel, kvm_amd)\n"
     "~ hypervisor device /dev/vhost-net is not on this host\n"
     "~ hypervisor device /dev/vhost-vsock is not on this host\n"
     "~ hypervisor device /dev/vfio/vfio is not on this host\n"},
    {KVM, RULE("true", "b", 8, 0, "r"), "{\"devices\":{" FEW "}}",
     "deny\nb 8:0 r /linux/resources/devices/0\nc 10:232 rwm hypervisor:/dev/kvm\n"},
    /* the config's denial of a node that the VM needs is overruled, and said */
    {KVM, ALL("false") "," RULE("false", "c", 10, 232, "rwm"), "{\"devices\":{" FEW "}}",
     "deny\nc 10:232 rwm hypervisor:/dev/kvm\n"
     "! the config denies /dev/kvm; the hypervisor needs it, so it is allowed again\n"},
    {KVM, RULE("false", "c", 10, 232, "rwm") "," RULE("true", "c", 10, 232, "rw"),
     "{\"devices\":{" FEW "}}", "deny\nc 10:232 rwm /linux/resources/devices/1\n"},
    /* default allow: nothing to grant, but a denied node is worth a word */
    {KVM, ALL("true"), "{\"devices\":{" FEW "}}", "allow\n"},
    {KVM, ALL("true") "," RULE("false", "c", 10, 232, "rwm"), "{\"devices\":{" FEW "}}",
     "allow\nc 10:232 rwm /linux/resources/devices/1\n"
     "! hypervisor device /dev/kvm is denied by the config: the VM may not start\n"},
    /* policy's denials come last, and win */
    {KVM "," SDA, RULE("true", "b", 8, 0, "rwm"), "{\"devices\":{" FEW ",\"deny\":[\"/dev/sda\"]}}",
     "deny\nc 10:232 rwm hypervisor:/dev/kvm\n"},
    {KVM, "", "{\"devices\":{" FEW ",\"deny\":[\"/dev/kvm\"]}}",
     "deny\n! the policy denies /dev/kvm, a hypervisor device: the VM may not start\n"},
    {KVM, "", "{\"devices\":{" FEW ",\"deny\":[\"/dev/nowhere\"]}}",
     "deny\nc 10:232 rwm hypervisor:/dev/kvm\n"},
    {KVM "," SDA, ALL("true"), "{\"devices\":{" FEW ",\"deny\":[\"/dev/sda\"]}}",
     "allow\nb 8:0 rw policy:/devices/deny\n"},
    {KVM, "", "{\"devices\":{" FEW ",\"require\":[\"/dev/sev\"]}}",
     "host: /dev/sev: required by the policy, but it is no device node on this host"},
    {KVM, RULE("true", "c", 10, -1, "rwm") "," RULE("false", "c", 10, 5, "r"), "{}",
     "input: /linux/resources/devices/1"},
    /* the VM's node is in a wildcard of the config, and policy wants a hole */
    {KVM, RULE("true", "c", 10, -1, "rwm"), "{\"devices\":{\"deny\":[\"/dev/kvm\"]}}", "input: "},
};

/* What is not the list every container has. */
static void render(struct text *out, const struct plan *p)
{
	char buf[32];

	text_printf(out, "%s\n", p->devices.allow ? "allow" : "deny");
	for (size_t i = 0; i < p->devices.n; i++) {
		const struct device_entry *d = &p->devices.entries[i];

		if (strcmp(d->why, "base list") != 0)
			text_printf(out, "%s %s\n", devrules_format(d, buf), d->why);
	}
	put_warnings(out, p);
}

static bool run_filter(size_t i, struct text *got)
{
	struct arena a = {0};
	struct plan plan = {.arena = &a};
	struct policy policy = {0};
	struct hypervisor_devices d = {0};
	struct facts f = {0};
	struct oci_config c = {0};
	struct error e = {0};
	const char *want = filters[i].want;
	const char *host = arena_printf(&a,
					"{\"layout\":\"unified\",\"mounts\":{\"unified\":\"/c\"},"
					"\"devices\":{%s}}",
					filters[i].devices);
	const char *config =
	    arena_printf(&a, "{\"linux\":{\"resources\":{\"devices\":[%s]}}}", filters[i].rules);
	bool ok;

	parse(&policy, &a, filters[i].policy);
	if (facts_parse(&f, &a, host, strlen(host), &e) < 0 ||
	    oci_config_parse(&c, &a, config, strlen(config), &e) < 0)
		fail_msg("row %zu: %s", i, e.text);
	hypervisor_list(&d, &policy, NULL, 0, &plan);
	if (hypervisor_policy(&plan, &c.resources, &d, &policy, &f, &e) == 0) {
		render(got, &plan);
		ok = strcmp(got->s, want) == 0 && plan.has_devices;
		/* what policy denies is kept by itself, for lists that others made */
		assert_true(plan.denied.allow);
	} else {
		text_printf(got, "%s: %s", e.kind == ERROR_INPUT ? "input" : "host", e.text);
		ok = strncmp(got->s, want, 4) == 0 && strstr(e.text, strchr(want, ':') + 2);
	}
	arena_free(&a);
	return ok;
}

static void test_filter(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(filters); i++) {
		struct text got = {0};

		if (!run_filter(i, &got)) {
			print_error("row %zu\n-- want\n%s\n-- got\n%s\n", i, filters[i].want,
				    got.s);
			wrong++;
		}
		text_free(&got);
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_list),
	    cmocka_unit_test(test_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
