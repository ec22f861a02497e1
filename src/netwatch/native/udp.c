/* Batches of datagrams over one unconnected UDP socket per address family. */
#include "udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/errqueue.h>

bool batch_open(Batch *batch, size_t width) {
    batch->data = malloc(BATCH * width);
    if (!batch->data) return false;
    batch->width = width;
    batch->count = 0;
    for (int i = 0; i < BATCH; i++) {
        batch->parts[i] = (struct iovec){batch->data + (size_t)i * width, width};
        batch->heads[i].msg_hdr = (struct msghdr){
            .msg_name = &batch->names[i],
            .msg_namelen = sizeof batch->names[i],
            .msg_iov = &batch->parts[i],
            .msg_iovlen = 1,
        };
    }
    return true;
}

void batch_close(Batch *batch) {
    free(batch->data);
    batch->data = NULL;
}

void address_read(const SocketAddress *from, Address *to) {
    memset(to, 0, sizeof *to);
    to->family = from->any.sa_family;
    if (to->family == AF_INET) {
        to->port = ntohs(from->v4.sin_port);
        memcpy(to->octets, &from->v4.sin_addr, 4);
    } else if (to->family == AF_INET6) {
        to->port = ntohs(from->v6.sin6_port);
        to->scope = from->v6.sin6_scope_id;
        memcpy(to->octets, &from->v6.sin6_addr, 16);
    }
}

socklen_t address_write(const Address *from, SocketAddress *to) {
    if (from->family == AF_INET6) {
        to->v6 = (struct sockaddr_in6){
            .sin6_family = AF_INET6, .sin6_port = htons(from->port), .sin6_scope_id = from->scope};
        memcpy(&to->v6.sin6_addr, from->octets, 16);
        return sizeof to->v6;
    }
    to->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(from->port)};
    memcpy(&to->v4.sin_addr, from->octets, 4);
    return sizeof to->v4;
}

bool address_same_host(const Address *a, const Address *b) {
    return a->family == b->family && !memcmp(a->octets, b->octets, 16);
}

int batch_receive(Batch *batch, int fd) {
    /* What the last turn wrote here: the size of its addresses. */
    for (int i = 0; i < batch->count; i++) batch->heads[i].msg_hdr.msg_namelen = sizeof batch->names[i];
    batch->count = 0;
    int count;
    do count = recvmmsg(fd, batch->heads, BATCH, MSG_DONTWAIT, NULL);
    while (count < 0 && errno == EINTR);
    if (count < 0) return -errno;
    batch->count = count;
    return count;
}

bool error_next(int fd, Address *destination, int *reason) {
    union {
        struct cmsghdr head;
        char room[512];
    } control;
    SocketAddress name;
    memset(&name, 0, sizeof name);
    struct msghdr message = {.msg_name = &name,
                             .msg_namelen = sizeof name,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return false;
    address_read(&name, destination);
    *reason = ECONNREFUSED;
    for (struct cmsghdr *one = CMSG_FIRSTHDR(&message); one; one = CMSG_NXTHDR(&message, one)) {
        bool about = (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_RECVERR) ||
                     (one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == IPV6_RECVERR);
        if (!about || one->cmsg_len < CMSG_LEN(sizeof(struct sock_extended_err))) continue;
        struct sock_extended_err error;
        memcpy(&error, CMSG_DATA(one), sizeof error);
        *reason = (int)error.ee_errno;
    }
    return true;
}
