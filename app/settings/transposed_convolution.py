"""What the Transposed convolution page lets a person set."""

from __future__ import annotations

from app.settings.kinds import Setting, choice, flag, whole
from fcn_core.models.spec import HEADS, SKIPS

VIEWS = ("arithmetic", "steps", "gradient", "overlap", "upsample", "fit")
INPUT_NUMBERS = ("count", "ones", "one", "random")
KERNEL_NUMBERS = ("count", "ones", "bilinear", "random")
UPSAMPLINGS = (*(skip.enlarges for skip in SKIPS), *(f"upscore{head}" for head in reversed(HEADS)))

SETTINGS: tuple[Setting, ...] = (
    choice("t_view", VIEWS, "arithmetic"),  # on the Transposed convolution page
    choice("t_dim", ("1d", "2d"), "1d"),
    whole("t_n", 1, 1024, 3),  # input size, in 2-D its columns
    whole("t_k", 1, 128, 3),  # kernel
    whole("t_s", 1, 64, 2),  # stride
    whole("t_p", 0, 128, 1),  # padding
    whole("t_op", 0, 64, 0),  # output padding
    whole("t_d", 1, 16, 1),  # dilation
    flag("t_apart"),  # in 2-D the rows have settings of their own: those that end in y
    whole("t_ny", 1, 1024, 3),
    whole("t_ky", 1, 128, 3),
    whole("t_sy", 1, 64, 2),
    whole("t_py", 0, 128, 1),
    whole("t_opy", 0, 64, 0),
    whole("t_dy", 1, 16, 1),
    choice("t_x", INPUT_NUMBERS, "count"),  # the numbers in the input's cells
    choice("t_w", KERNEL_NUMBERS, "count"),  # and in the kernel's
    whole("t_seed", 0, 9999, 0),  # of random numbers
    choice("t_by", ("input", "output"), "input"),  # what a step is: an input pixel, or an output pixel
    whole("t_step", 0, 1024, 2),  # so many steps are done
    choice("t_back", ("numbers", "photo"), "numbers"),  # there and back: in cells, or on the photo
    whole("t_bf", 1, 32, 4),  # stride of the photo's convolution
    # Views overlap, upsample and fit:
    whole("t_on", 1, 12, 6),  # input size
    whole("t_ok", 1, 12, 3),  # kernel
    whole("t_os", 1, 6, 2),  # stride
    choice("t_ofill", ("ones", "bilinear", "random"), "bilinear"),  # the kernel through which an even map goes
    choice("t_usrc", ("photo", "detail", "scores"), "photo"),  # what is enlarged
    whole("t_uf", 2, 32, 4),  # by how much
    choice("t_ukind", ("bilinear", "nearest", "random", "learned", "fitted"), "bilinear"),
    choice("t_ulayer", UPSAMPLINGS, "upscore2"),  # learned
    choice("t_uedge", ("zero", "repeat"), "zero"),  # cells beyond the map
    choice("t_uref", ("torch", "cv2", "source"), "torch"),  # what the difference is taken against
    whole("t_ff", 2, 8, 2),  # factor of the fit
    choice("t_fdata", ("interpolated", "photos"), "interpolated"),  # what its examples teach
    whole("t_fsteps", 50, 2000, 200),
    whole("t_fseed", 0, 99, 0),  # of the random kernel that it starts from
)
