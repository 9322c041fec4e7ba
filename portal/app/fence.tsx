import { Component, type ReactNode } from "react";

import { Failed } from "../parts/states.tsx";

interface State {
  readonly error: unknown;
}

/** Keeps a page's fault to that page: the navigation stays, and the person is told. */
export class Fence extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { error: undefined };

  static getDerivedStateFromError(error: unknown): State {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return <Failed error={error} again={() => this.setState({ error: undefined })} />;
  }
}
