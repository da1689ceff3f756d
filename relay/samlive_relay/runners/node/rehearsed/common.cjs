exports.answer = {};
exports.handler = async () => exports.answer;
