/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config - the corner of config.json that vmcg reads
 */
#include "oci/config.h"

#include <string.h>

enum { MAX_MAJOR = 4095, MAX_MINOR = 1048575 }; /* 12 and 20 bits of the kernel's dev_t */

#define FIELD(type, text, kind, member, ...)                                                     \
	{                                                                                        \
		.name = text, .want = kind, .offset = offsetof(struct type, member), __VA_ARGS__ \
	}

#define READ(object, table, into, e) \
	json_read(object, table, sizeof(table) / sizeof(*(table)), UNKNOWN_IGNORED, into, e)

/* The members of linux.devices[] as they stand in the document. */
struct node {
	const char *path, *type;
	struct opt_int major, minor;
};

/* Read one node. A named pipe has no numbers; all others must have them. */
static int read_node(struct oci_device_node *ret, const struct json *object, struct error *e)
{
	static const struct json_field fields[] = {
	    FIELD(node, "path", WANT_STRING, path, .required = true),
	    FIELD(node, "type", WANT_STRING, type, .required = true),
	    FIELD(node, "major", WANT_INT, major, .max = MAX_MAJOR),
	    FIELD(node, "minor", WANT_INT, minor, .max = MAX_MINOR),
	};
	struct node n;

	if (READ(object, fields, &n, e) < 0)
		return -1;
	if (strlen(n.type) != 1 || !strchr("bcup", n.type[0]))
		return json_error(json_member(object, "type"), e,
				  "\"%.16s\" is no type of a device node; it is \"b\" (block), "
				  "\"c\" or \"u\" (character) or \"p\" (named pipe)",
				  n.type);
	*ret = (struct oci_device_node){.path = n.path, .type = n.type[0]};
	if (n.type[0] == 'p')
		return 0;
	if (!n.major.set || !n.minor.set)
		return json_error(object, e, "\"%s\" is missing", n.major.set ? "minor" : "major");
	ret->major = n.major.v;
	ret->minor = n.minor.v;
	return 0;
}

static int read_nodes(struct oci_config *c, const struct json *array, struct arena *a,
		      struct error *e)
{
	struct oci_device_node node;

	for (const struct json *m = array ? array->first : NULL; m; m = m->next) {
		if (read_node(&node, m, e) < 0)
			return -1;
		*ARENA_APPEND(a, c->devices, c->n_devices) = node;
	}
	return 0;
}

static int read_linux(struct oci_config *c, const struct json *object, struct arena *a,
		      struct error *e)
{
	struct members {
		const char *cgroups_path;
		const struct json *resources, *devices;
	} m = {0};
	static const struct json_field fields[] = {
	    FIELD(members, "cgroupsPath", WANT_STRING, cgroups_path),
	    FIELD(members, "resources", WANT_OBJECT, resources),
	    FIELD(members, "devices", WANT_ARRAY, devices),
	};

	if (object && READ(object, fields, &m, e) < 0)
		return -1;
	c->cgroups_path = m.cgroups_path;
	if (oci_resources_read(&c->resources, m.resources, a, e) < 0)
		return -1;
	return read_nodes(c, m.devices, a, e);
}

int oci_config_parse(struct oci_config *ret, struct arena *a, const char *bytes, size_t len,
		     struct error *e)
{
	static const char *const keep[] = {"/linux/cgroupsPath", "/linux/resources",
					   "/linux/devices", "/annotations", NULL};
	static const struct json_options o = {.name = "config.json", .keep = keep};
	struct members {
		const struct json *linux_part, *annotations;
	} m;
	static const struct json_field fields[] = {
	    FIELD(members, "linux", WANT_OBJECT, linux_part),
	    FIELD(members, "annotations", WANT_OBJECT, annotations),
	};
	struct oci_config c = {0};
	struct json *root;

	if (json_parse(&root, NULL, a, bytes, len, &o, e) < 0)
		return -1;
	if (READ(root, fields, &m, e) < 0)
		return -1;
	if (read_linux(&c, m.linux_part, a, e) < 0)
		return -1;
	if (oci_state_annotations(&c.annotations, &c.n_annotations, m.annotations, a, e) < 0)
		return -1;
	*ret = c;
	return 0;
}
