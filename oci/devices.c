/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices - the rules of linux.resources.devices
 */
#include "oci/devices.h"

enum { MAX_MAJOR = 4095, MAX_MINOR = 1048575 };

/* The members of a rule as they stand in the document. */
struct members {
	struct opt_bool allow;
	const char *type, *access;
	struct opt_int major, minor;
};

#define MEMBER(text, kind, member, ...)                                                 \
	{                                                                               \
		.name = text, .want = kind, .offset = offsetof(struct members, member), \
		__VA_ARGS__                                                             \
	}

static const struct json_field fields[] = {
    MEMBER("allow", WANT_BOOL, allow, .required = true),
    MEMBER("type", WANT_STRING, type),
    MEMBER("major", WANT_INT, major, .min = OCI_ANY, .max = MAX_MAJOR),
    MEMBER("minor", WANT_INT, minor, .min = OCI_ANY, .max = MAX_MINOR),
    MEMBER("access", WANT_STRING, access),
};

/* Read the type: absent or empty means all. */
static int read_type(char *ret, const char *type, const struct json *rule, struct error *e)
{
	const struct json *n = json_member(rule, "type");

	if (!type || !*type) {
		*ret = 'a';
		return 0;
	}
	if ((type[0] != 'a' && type[0] != 'b' && type[0] != 'c') || type[1])
		return json_error(n, e,
				  "\"%.16s\" is no type of a device rule; it is \"a\" (all), "
				  "\"b\" (block) or \"c\" (character)",
				  type);
	*ret = type[0];
	return 0;
}

/* Read the access. Without one, a deny rule denies all; what an allow rule means nobody knows. */
static int read_access(unsigned *ret, const char *access, bool allow, const struct json *rule,
		       struct error *e)
{
	const struct json *n = json_member(rule, "access");
	unsigned mask = 0;

	for (const char *s = access ? access : ""; *s; s++) {
		switch (*s) {
		case 'r': mask |= OCI_READ; break;
		case 'w': mask |= OCI_WRITE; break;
		case 'm': mask |= OCI_MKNOD; break;
		default:
			return json_error(n, e,
					  "\"%.16s\" is no access; it is made of \"r\" "
					  "(read), \"w\" (write) and \"m\" (mknod)",
					  access);
		}
	}
	if (mask == 0 && allow)
		return json_error(n ? n : rule, e,
				  "an allow rule needs an \"access\" of \"r\", "
				  "\"w\" and \"m\"; it is %s",
				  n ? "empty" : "missing");
	*ret = mask ? mask : OCI_RWM;
	return 0;
}

static int read_rule(struct oci_device_rule *ret, const struct json *rule, struct error *e)
{
	struct oci_device_rule r = {0};
	struct members m;

	if (json_read(rule, fields, sizeof(fields) / sizeof(*fields), UNKNOWN_IGNORED, &m, e) < 0)
		return -1;
	r.allow = m.allow.v;
	r.major = m.major.set ? m.major.v : OCI_ANY;
	r.minor = m.minor.set ? m.minor.v : OCI_ANY;
	if (read_type(&r.type, m.type, rule, e) < 0)
		return -1;
	if (read_access(&r.access, m.access, r.allow, rule, e) < 0)
		return -1;
	*ret = r;
	return 0;
}

int oci_devices_read(struct oci_resources *out, const struct json *array, struct arena *a,
		     struct error *e)
{
	struct oci_device_rule *list = NULL, rule;
	size_t n = 0;

	for (const struct json *m = array ? array->first : NULL; m; m = m->next) {
		if (read_rule(&rule, m, e) < 0)
			return -1;
		*ARENA_APPEND(a, list, n) = rule;
	}
	out->devices = list;
	out->n_devices = n;
	return 0;
}
