import { Button as AriaButton, Link as AriaLink, type ButtonProps } from "react-aria-components";
import type { ReactNode } from "react";

export type Weight = "first" | "plain" | "grave" | "quiet";

function classOf(weight: Weight): string {
  return weight === "plain" ? "button" : `button button-${weight}`;
}

/** `first` is what most people want here, `grave` what is not undone easily. */
export function Button({
  weight = "plain",
  ...props
}: Omit<ButtonProps, "className"> & { readonly weight?: Weight }) {
  return <AriaButton {...props} className={classOf(weight)} />;
}

/** A link that looks like a button: it leads somewhere. */
export function ButtonLink(props: {
  readonly href: string;
  readonly weight?: Weight;
  /** Left out of the routing of this page: the server answers. */
  readonly outside?: boolean;
  readonly children: ReactNode;
}) {
  const { href, weight = "plain", outside = false, children } = props;
  if (outside)
    return (
      <a className={classOf(weight)} href={href}>
        {children}
      </a>
    );
  return (
    <AriaLink className={classOf(weight)} href={href}>
      {children}
    </AriaLink>
  );
}
