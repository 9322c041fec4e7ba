export const verify = {
  title: "Tự kiểm tra",
  soon: "Kiểm tra bằng dòng lệnh",
  how: "Trang kiểm tra bằng trình duyệt chưa mở. Trong lúc chờ, ai cũng kiểm tra được tệp bản kê và bằng chứng bằng lệnh dưới đây, trên máy của mình và không cần tin chúng tôi:",
  toPortal: "Về cổng thông tin",
};
