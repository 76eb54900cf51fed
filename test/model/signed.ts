export { fieldsOf, formOf, sign } from '../support/sms-door';
export type Fields = Readonly<Record<string, string>>;
