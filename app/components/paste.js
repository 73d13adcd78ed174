// Ctrl+V anywhere on the page hands pictures of the clipboard to the file uploader, as if they had been dropped.

export default function ({ data }) {
  const paste = (event) => {
    const typing = event.composedPath()[0];
    if (typing?.closest?.("input:not([type=file]), textarea, [contenteditable=true]")) return;
    const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    const input = document.querySelector(`.st-key-${data.uploader} input[type=file]`);
    if (!files.length || !input) return;
    event.preventDefault();
    const transfer = new DataTransfer();
    files.forEach((file) => transfer.items.add(file));
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  document.addEventListener("paste", paste);
  return () => document.removeEventListener("paste", paste);
}
