// Sends the answer to the application at once. Without scripts, the button does.
document.getElementById("answer").submit();
