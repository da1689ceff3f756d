export const handler = async () => "module by type";
