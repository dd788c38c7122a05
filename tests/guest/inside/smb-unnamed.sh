# smb-unnamed.sh: what a client of SMB does with files without a name (O_TMPFILE) and their links. Notes only: it is about the
# kernel and not about the program, which makes no such files there.

# shellcheck source=common.sh
source /guest/common.sh
# shellcheck source=servers.sh
source /guest/servers.sh

where=smb-unnamed
new_share
if mount_smb vers=3.1.1 2>/tmp/mounting; then
    python3 /guest/unnamed.py /mnt/a $share 2>&1 | note_lines 'O_TMPFILE and linkat(2)'
    umount /mnt/a
else
    note 'mount' "not to be had here: $(tail -2 /tmp/mounting)"
fi
